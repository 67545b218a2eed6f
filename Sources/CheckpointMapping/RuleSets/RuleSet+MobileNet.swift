// Names: tensorflow/models, research/slim/nets, mobilenet_v1.py and mobilenet/mobilenet_v2.py; and Hugging
// Face's MobileNetV1ForImageClassification, MobileNetV2ForImageClassification, which count from 0 what
// slim counts from 1, and depthwise and pointwise convolutions as layers of their own.

extension KeyMapping.RuleSet {
  static let mobilenet = [
    KeyMapping.RuleSet(
      "mobilenet-v1", "slim's MobileNet v1, to Hugging Face's names",
      marks: [#"^MobilenetV1/Conv2d_1_depthwise/depthwise_weights$"#],
      #"""
      [
        {"drop": {"regex": "/(RMSProp(_1)?|Momentum|Adam(_1)?)$|^global_step$"},
         "comment": "the optimizer, and the state of the run"},
        {"drop": {"suffix": "/ExponentialMovingAverage"},
         "comment": "the moving averages: --prefer /ExponentialMovingAverage takes them instead"},
        {"squeeze": [0, 1], "of": {"suffix": "/Logits/Conv2d_1c_1x1/weights"}},
        {"transpose": [1, 0], "of": {"suffix": "/Logits/Conv2d_1c_1x1/weights"}},
      \#(mobilenetConvolutions),
      \#(mobilenetV1Layers { #"  {"prefix": "MobilenetV1/\#($0)/", "to": "mobilenet_v1/layer/\#($1)/"}"# }),
        {"prefix": "MobilenetV1/Conv2d_0/", "to": "mobilenet_v1/conv_stem/"},
        {"prefix": "MobilenetV1/Logits/Conv2d_1c_1x1/", "to": "classifier/"},
        {"replace": "^classifier/weights$", "with": "classifier/weight"},
        {"replace": "^classifier/biases$", "with": "classifier/bias"},
      \#(mobilenetWords),
        {"names": "dotted"}
      ]
      """#),
    KeyMapping.RuleSet(
      "mobilenet-v1-to-tensorflow", "the way back of mobilenet-v1",
      marks: [#"^mobilenet_v1\.layer\.0\.convolution\.weight$"#],
      #"""
      [
        {"drop": {"suffix": ".num_batches_tracked"}, "comment": "PyTorch's count of training steps"},
      \#(mobilenetV1Layers { #"  {"prefix": "mobilenet_v1.layer.\#($1).", "to": "MobilenetV1.\#($0)."}"# }),
        {"prefix": "mobilenet_v1.conv_stem.", "to": "MobilenetV1.Conv2d_0."},
        {"prefix": "classifier.", "to": "MobilenetV1.Logits.Conv2d_1c_1x1."},
      \#(mobilenetWordsBack)
      ]
      """#),
    KeyMapping.RuleSet(
      "mobilenet-v2", "slim's MobileNet v2, to Hugging Face's names",
      marks: [#"^MobilenetV2/expanded_conv_1/depthwise/depthwise_weights$"#],
      #"""
      [
        {"prefer": "/ExponentialMovingAverage",
         "comment": "moving averages go before the weights that they are of"},
        {"drop": {"regex": "/(RMSProp(_1)?|Momentum|Adam(_1)?)$|^global_step$"},
         "comment": "the optimizer, and the state of the run"},
        {"squeeze": [0, 1], "of": {"suffix": "/Logits/Conv2d_1c_1x1/weights"}},
        {"transpose": [1, 0], "of": {"suffix": "/Logits/Conv2d_1c_1x1/weights"}},
      \#(mobilenetConvolutions),
      \#(mobilenetV2Layers),
        {"prefix": "MobilenetV2/Logits/Conv2d_1c_1x1/", "to": "classifier/"},
        {"replace": "^classifier/weights$", "with": "classifier/weight"},
        {"replace": "^classifier/biases$", "with": "classifier/bias"},
      \#(mobilenetWords),
        {"names": "dotted"}
      ]
      """#),
    KeyMapping.RuleSet(
      "mobilenet-v2-to-tensorflow", "the way back of mobilenet-v2",
      marks: [#"^mobilenet_v2\.layer\.0\.conv_3x3\.convolution\.weight$"#],
      #"""
      [
        {"drop": {"suffix": ".num_batches_tracked"}, "comment": "PyTorch's count of training steps"},
      \#(mobilenetV2LayersBack),
        {"prefix": "classifier.", "to": "MobilenetV2.Logits.Conv2d_1c_1x1."},
      \#(mobilenetWordsBack)
      ]
      """#),
  ]

  // Slim's names of the layers 0 to 25.
  static func mobilenetV1Layers(_ rule: (String, Int) -> String) -> String {
    let rules = (1...13).flatMap { block in
      [
        rule("Conv2d_\(block)_depthwise", 2 * block - 2),
        rule("Conv2d_\(block)_pointwise", 2 * block - 1),
      ]
    }
    return rules.joined(separator: ",\n")
  }

  static let mobilenetV2Layers = #"""
      {"prefix": "MobilenetV2/Conv/", "to": "mobilenet_v2/conv_stem/first_conv/"},
      {"prefix": "MobilenetV2/Conv_1/", "to": "mobilenet_v2/conv_1x1/"},
      {"prefix": "MobilenetV2/expanded_conv/", "to": "mobilenet_v2/conv_stem/"},
      {"replace": "^MobilenetV2/expanded_conv_(\\d+)/", "with": "mobilenet_v2/layer/${1-1}/"},
      {"replace": "^(mobilenet_v2/.*)/expand/", "with": "$1/expand_1x1/"},
      {"replace": "^(mobilenet_v2/.*)/depthwise/", "with": "$1/conv_3x3/"},
      {"replace": "^(mobilenet_v2/.*)/project/", "with": "$1/reduce_1x1/"}
    """#

  static let mobilenetV2LayersBack = #"""
      {"prefix": "mobilenet_v2.conv_stem.first_conv.", "to": "MobilenetV2.Conv."},
      {"prefix": "mobilenet_v2.conv_1x1.", "to": "MobilenetV2.Conv_1."},
      {"prefix": "mobilenet_v2.conv_stem.", "to": "MobilenetV2.expanded_conv."},
      {"replace": "^mobilenet_v2\\.layer\\.(\\d+)\\.", "with": "MobilenetV2.expanded_conv_${1+1}."},
      {"replace": "(\\.expanded_conv[_0-9]*)\\.expand_1x1\\.", "with": "$1.expand."},
      {"replace": "(\\.expanded_conv[_0-9]*)\\.conv_3x3\\.", "with": "$1.depthwise."},
      {"replace": "(\\.expanded_conv[_0-9]*)\\.reduce_1x1\\.", "with": "$1.project."}
    """#

  // From [height, width, inputs, outputs], and [height, width, channels, 1].
  static let mobilenetConvolutions = #"""
      {"transpose": [2, 3, 0, 1], "of": {"suffix": "/depthwise_weights"}},
      {"transpose": [3, 2, 0, 1], "of": {"regex": "/(?!Conv2d_1c_1x1/)[^/]+/weights$"}}
    """#

  static let mobilenetWords = #"""
      {"replace": "/(depthwise_)?weights$", "with": "/convolution/weight"},
      {"replace": "/BatchNorm/gamma$", "with": "/normalization/weight"},
      {"replace": "/BatchNorm/beta$", "with": "/normalization/bias"},
      {"replace": "/BatchNorm/moving_mean$", "with": "/normalization/running_mean"},
      {"replace": "/BatchNorm/moving_variance$", "with": "/normalization/running_var"}
    """#

  static let mobilenetWordsBack = #"""
      {"transpose": [1, 0], "of": {"suffix": ".Conv2d_1c_1x1.weight"}},
      {"unsqueeze": [0, 1], "of": {"suffix": ".Conv2d_1c_1x1.weight"}},
      {"replace": "\\.Conv2d_1c_1x1\\.weight$", "with": ".Conv2d_1c_1x1.weights"},
      {"replace": "\\.Conv2d_1c_1x1\\.bias$", "with": ".Conv2d_1c_1x1.biases"},
      {"replace": "depthwise\\.convolution\\.weight$", "with": "depthwise.depthwise_weights"},
      {"replace": "\\.convolution\\.weight$", "with": ".weights"},
      {"transpose": [2, 3, 0, 1], "of": {"suffix": ".depthwise_weights"}},
      {"transpose": [2, 3, 1, 0], "of": {"regex": "\\.(?!Conv2d_1c_1x1\\.)[^.]+\\.weights$"}},
      {"replace": "\\.normalization\\.weight$", "with": ".BatchNorm.gamma"},
      {"replace": "\\.normalization\\.bias$", "with": ".BatchNorm.beta"},
      {"replace": "\\.normalization\\.running_mean$", "with": ".BatchNorm.moving_mean"},
      {"replace": "\\.normalization\\.running_var$", "with": ".BatchNorm.moving_variance"},
      {"names": "slashed"}
    """#
}
