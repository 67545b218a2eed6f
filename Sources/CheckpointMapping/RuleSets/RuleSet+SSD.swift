// Names: tensorflow/models, research/object_detection, models/feature_map_generators.py and
// core/box_predictor.py. Hugging Face and torchvision have no such model: the backbone has the names of
// mobilenet-v1 and mobilenet-v2, the rest are our own.

extension KeyMapping.RuleSet {
  static let ssd =
    [
      ssdThere(version: 1, lead: "Conv2d_13_pointwise"),
      ssdBack(version: 1, lead: "Conv2d_13_pointwise"),
      ssdThere(version: 2, lead: "layer_19"), ssdBack(version: 2, lead: "layer_19"),
    ]

  private static func ssdThere(version: Int, lead: String) -> KeyMapping.RuleSet {
    let layers =
      version == 1
      ? mobilenetV1Layers {
        #"  {"prefix": "MobilenetV1/\#($0)/", "to": "mobilenet_v1/layer/\#($1)/"}"#
      }
        + ",\n" + #"  {"prefix": "MobilenetV1/Conv2d_0/", "to": "mobilenet_v1/conv_stem/"}"#
      : mobilenetV2Layers
    return KeyMapping.RuleSet(
      "ssd-mobilenet-v\(version)",
      "SSD with MobileNet v\(version) of object_detection, to names in the manner of mobilenet-v\(version)",
      marks: [
        "^FeatureExtractor/MobilenetV\(version)/\(lead)_1_Conv2d_2_1x1_",
        "^BoxPredictor_0/BoxEncodingPredictor/weights$",
      ],
      #"""
      [
        {"drop": {"regex": "/(RMSProp(_1)?|Momentum|Adam(_1)?)$|^global_step$"},
         "comment": "the optimizer, and the state of the run"},
        {"drop": {"suffix": "/ExponentialMovingAverage"},
         "comment": "the moving averages: --prefer /ExponentialMovingAverage takes them instead"},
      \#(mobilenetConvolutions),
        {"prefix": "FeatureExtractor/", "to": ""},
        {"replace": "^MobilenetV\#(version)/\#(lead)_([12])_Conv2d_(\\d)_(1x1|3x3_s2)_\\d+/",
         "with": "extra_layers/${2-2}/${1-1}/"},
      \#(layers),
        {"replace": "^BoxPredictor_(\\d)/BoxEncodingPredictor/weights$",
         "with": "box_predictors/$1/box_encoding/weight"},
        {"replace": "^BoxPredictor_(\\d)/BoxEncodingPredictor/biases$",
         "with": "box_predictors/$1/box_encoding/bias"},
        {"replace": "^BoxPredictor_(\\d)/ClassPredictor/weights$",
         "with": "box_predictors/$1/class_scores/weight"},
        {"replace": "^BoxPredictor_(\\d)/ClassPredictor/biases$",
         "with": "box_predictors/$1/class_scores/bias"},
      \#(mobilenetWords),
        {"names": "dotted"}
      ]
      """#)
  }

  private static func ssdBack(version: Int, lead: String) -> KeyMapping.RuleSet {
    let layers =
      version == 1
      ? mobilenetV1Layers {
        #"  {"prefix": "mobilenet_v1.layer.\#($1).", "to": "MobilenetV1.\#($0)."}"#
      }
        + ",\n" + #"  {"prefix": "mobilenet_v1.conv_stem.", "to": "MobilenetV1.Conv2d_0."}"#
      : mobilenetV2LayersBack
    let extras = [(256, 512), (128, 256), (128, 256), (64, 128)].enumerated().map { place, depths in
      #"""
        {"prefix": "extra_layers.\#(place).0.",
         "to": "MobilenetV\#(version).\#(lead)_1_Conv2d_\#(place + 2)_1x1_\#(depths.0)."},
        {"prefix": "extra_layers.\#(place).1.",
         "to": "MobilenetV\#(version).\#(lead)_2_Conv2d_\#(place + 2)_3x3_s2_\#(depths.1)."}
      """#
    }
    return KeyMapping.RuleSet(
      "ssd-mobilenet-v\(version)-to-tensorflow", "the way back of ssd-mobilenet-v\(version)",
      marks: [
        #"^mobilenet_v\#(version)\.conv_stem\."#, #"^box_predictors\.0\.box_encoding\.weight$"#,
      ],
      #"""
      [
        {"drop": {"suffix": ".num_batches_tracked"}, "comment": "PyTorch's count of training steps"},
      \#(layers),
      \#(extras.joined(separator: ",\n")),
        {"replace": "^MobilenetV", "with": "FeatureExtractor.MobilenetV"},
        {"replace": "^box_predictors\\.(\\d)\\.box_encoding\\.weight$",
         "with": "BoxPredictor_$1.BoxEncodingPredictor.weights"},
        {"replace": "^box_predictors\\.(\\d)\\.box_encoding\\.bias$",
         "with": "BoxPredictor_$1.BoxEncodingPredictor.biases"},
        {"replace": "^box_predictors\\.(\\d)\\.class_scores\\.weight$",
         "with": "BoxPredictor_$1.ClassPredictor.weights"},
        {"replace": "^box_predictors\\.(\\d)\\.class_scores\\.bias$",
         "with": "BoxPredictor_$1.ClassPredictor.biases"},
      \#(mobilenetWordsBack)
      ]
      """#)
  }
}
