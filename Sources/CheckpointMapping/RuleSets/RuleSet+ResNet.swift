// Names: tensorflow/models, research/slim/nets, resnet_v1.py, resnet_v2.py, resnet_utils.py; and
// torchvision's resnet50 and its brothers. Torchvision has no v2: there the names are our own, in its
// manner.

extension KeyMapping.RuleSet {
  static let resnet =
    [resnetThere(version: 1)] + [50, 101, 152].map { resnetBack(version: 1, depth: $0) }
    + [resnetThere(version: 2)] + [50, 101, 152].map { resnetBack(version: 2, depth: $0) }

  private static func resnetThere(version: Int) -> KeyMapping.RuleSet {
    KeyMapping.RuleSet(
      "resnet-v\(version)",
      "slim's ResNet v\(version) with 50, 101 or 152 layers, to torchvision's names",
      marks: [#"^resnet_v\#(version)_\d+/block1/unit_1/bottleneck_v\#(version)/conv1/weights$"#],
      #"""
      [
        {"drop": {"regex": "/(Momentum|RMSProp(_1)?|Adam(_1)?)$|^global_step$"},
         "comment": "the optimizer, and the state of the run"},
        {"drop": {"suffix": "/ExponentialMovingAverage"},
         "comment": "the moving averages: --prefer /ExponentialMovingAverage takes them instead"},
        {"drop": {"suffix": "/mean_rgb"}, "comment": "what is subtracted from the pixels, no weight"},
        {"replace": "^resnet_v\#(version)_\\d+/", "with": ""},
        {"squeeze": [0, 1], "of": {"name": "logits/weights"}},
        {"transpose": [1, 0], "of": {"name": "logits/weights"}},
        {"transpose": [3, 2, 0, 1], "of": {"regex": "(conv\\d|shortcut)/weights$"}},
        {"replace": "^block(\\d)/unit_(\\d+)/bottleneck_v\#(version)/", "with": "layer$1/${2-1}/"},
      \#(version == 1 ? resnetV1Norms : resnetV2Norms),
        {"prefix": "logits/", "to": "fc/"},
        {"replace": "/(weights|gamma)$", "with": "/weight"},
        {"replace": "/(biases|beta)$", "with": "/bias"},
        {"replace": "/moving_mean$", "with": "/running_mean"},
        {"replace": "/moving_variance$", "with": "/running_var"},
        {"names": "dotted"}
      ]
      """#)
  }

  private static let resnetV1Norms = #"""
      {"replace": "/shortcut/weights$", "with": "/downsample/0/weight"},
      {"replace": "/shortcut/BatchNorm/", "with": "/downsample/1/"},
      {"replace": "(^|/)conv(\\d)/BatchNorm/", "with": "$1bn$2/"}
    """#

  private static let resnetV2Norms = #"""
      {"replace": "/shortcut/", "with": "/downsample/"},
      {"replace": "/preact/", "with": "/bn1/"},
      {"replace": "/conv(\\d)/BatchNorm/", "with": "/bn${1+1}/"},
      {"prefix": "postnorm/", "to": "bn/"}
    """#

  private static func resnetBack(version: Int, depth: Int) -> KeyMapping.RuleSet {
    let units = [50: 6, 101: 23, 152: 36][depth, default: 0]  // of the third block
    return KeyMapping.RuleSet(
      "resnet-v\(version)-\(depth)-to-tensorflow",
      "the way back of resnet-v\(version), with \(depth) layers",
      marks: [
        version == 1 ? #"^layer1\.0\.downsample\.0\.weight$"# : #"^layer1\.0\.downsample\.weight$"#,
        #"^layer3\.\#(units - 1)\."#,
      ], without: #"^layer3\.\#(units)\."#,
      #"""
      [
        {"drop": {"suffix": ".num_batches_tracked"}, "comment": "PyTorch's count of training steps"},
        {"transpose": [1, 0], "of": {"name": "fc.weight"}},
        {"unsqueeze": [0, 1], "of": {"name": "fc.weight"}},
        {"transpose": [2, 3, 1, 0], "of": {
          "regex": "(conv\\d|\\.downsample|\\.downsample\\.0)\\.weight$"}},
        {"prefix": "fc.", "to": "logits."},
      \#(version == 1 ? resnetV1NormsBack : resnetV2NormsBack),
        {"replace": "(conv\\d|shortcut|^logits)\\.weight$", "with": "$1.weights"},
        {"replace": "(conv\\d|shortcut|^logits)\\.bias$", "with": "$1.biases"},
        {"replace": "\\.weight$", "with": ".gamma"},
        {"replace": "\\.bias$", "with": ".beta"},
        {"replace": "\\.running_mean$", "with": ".moving_mean"},
        {"replace": "\\.running_var$", "with": ".moving_variance"},
        {"replace": "^layer(\\d)\\.(\\d+)\\.", "with": "block$1.unit_${2+1}.bottleneck_v\#(version)."},
        {"prefix": "", "to": "resnet_v\#(version)_\#(depth)."},
        {"names": "slashed"}
      ]
      """#)
  }

  private static let resnetV1NormsBack = #"""
      {"replace": "\\.downsample\\.0\\.", "with": ".shortcut."},
      {"replace": "\\.downsample\\.1\\.", "with": ".shortcut.BatchNorm."},
      {"replace": "(^|\\.)bn(\\d)\\.", "with": "$1conv$2.BatchNorm."}
    """#

  private static let resnetV2NormsBack = #"""
      {"replace": "\\.downsample\\.", "with": ".shortcut."},
      {"replace": "\\.bn1\\.", "with": ".preact."},
      {"replace": "\\.bn(\\d)\\.", "with": ".conv${1-1}.BatchNorm."},
      {"prefix": "bn.", "to": "postnorm."}
    """#
}
