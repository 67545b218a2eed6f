// Names: tensorflow/tpu, models/official/efficientnet, efficientnet_model.py; and Hugging Face's
// EfficientNetForImageClassification. The first blocks have no convolution that expands, so that their
// conv2d is what is conv2d_1 in the others. How many they are depends on the depth of the variant.

extension KeyMapping.RuleSet {
  static let efficientnet = [efficientnetThere] + efficientnetVariants.map(efficientnetBack)

  // How many blocks do not expand, and how many there are: those of b0, stage by stage, times the
  // variant's depth coefficient, rounded up.
  private static let efficientnetVariants: [(name: String, plain: Int, blocks: Int)] = [
    ("b0", 1, 16), ("b1", 2, 23), ("b2", 2, 23), ("b3", 2, 26), ("b4", 2, 32),
    ("b5", 3, 39), ("b6", 3, 45), ("b7", 4, 55), ("b8", 4, 61), ("l2", 6, 88),
  ]

  private static let efficientnetThere = KeyMapping.RuleSet(
    "efficientnet", "EfficientNet b0 to b8 and l2 of tensorflow/tpu, to Hugging Face's names",
    marks: [#"^efficientnet-\w+/blocks_0/depthwise_conv2d/depthwise_kernel$"#],
    #"""
    [
      {"prefer": "/ExponentialMovingAverage",
       "comment": "moving averages go before the weights that they are of, as the authors evaluate"},
      {"drop": {"regex": "/(RMSProp(_1)?|Momentum|Adam(_1)?)$|^global_step$"},
       "comment": "the optimizer, and the state of the run"},
      {"transpose": [2, 3, 0, 1], "of": {"suffix": "/depthwise_kernel"}},
      {"transpose": [3, 2, 0, 1], "of": {"regex": "/conv2d(_1)?/kernel$"}},
      {"transpose": [1, 0], "of": {"suffix": "/dense/kernel"}},
    \#(efficientnetPlainBlocks),
      {"replace": "/depthwise_conv2d/depthwise_kernel$", "with": "/depthwise_conv/depthwise_conv/weight"},
      {"replace": "/se/conv2d/", "with": "/squeeze_excite/reduce/"},
      {"replace": "/se/conv2d_1/", "with": "/squeeze_excite/expand/"},
      {"replace": "(/blocks_\\d+)/conv2d/", "with": "$1/expansion/expand_conv/"},
      {"replace": "(/blocks_\\d+)/conv2d_1/", "with": "$1/projection/project_conv/"},
      {"replace": "(/blocks_\\d+)/tpu_batch_normalization/", "with": "$1/expansion/expand_bn/"},
      {"replace": "(/blocks_\\d+)/tpu_batch_normalization_1/",
       "with": "$1/depthwise_conv/depthwise_norm/"},
      {"replace": "(/blocks_\\d+)/tpu_batch_normalization_2/", "with": "$1/projection/project_bn/"},
      {"replace": "/stem/conv2d/", "with": "/embeddings/convolution/"},
      {"replace": "/stem/tpu_batch_normalization/", "with": "/embeddings/batchnorm/"},
      {"replace": "/head/conv2d/", "with": "/encoder/top_conv/"},
      {"replace": "/head/tpu_batch_normalization/", "with": "/encoder/top_bn/"},
      {"replace": "/blocks_(\\d+)/", "with": "/encoder/blocks/$1/"},
      {"replace": "^efficientnet-\\w+/head/dense/", "with": "classifier/"},
      {"replace": "^efficientnet-\\w+/", "with": "efficientnet/"},
      {"replace": "/(kernel|gamma)$", "with": "/weight"},
      {"replace": "/beta$", "with": "/bias"},
      {"replace": "/moving_mean$", "with": "/running_mean"},
      {"replace": "/moving_variance$", "with": "/running_var"},
      {"names": "dotted"}
    ]
    """#)

  private static var efficientnetPlainBlocks: String {
    let blocks = efficientnetVariants.map { "\($0.name)/blocks_[0-\($0.plain - 1)]" }
    let scope = "^(efficientnet-(?:\(blocks.joined(separator: "|"))))"
    return #"""
        {"replace": "\#(scope)/conv2d/", "with": "$1/projection/project_conv/"},
        {"replace": "\#(scope)/tpu_batch_normalization_1/", "with": "$1/projection/project_bn/"},
        {"replace": "\#(scope)/tpu_batch_normalization/", "with": "$1/depthwise_conv/depthwise_norm/"}
      """#
  }

  private static func efficientnetBack(name: String, plain: Int, blocks: Int)
    -> KeyMapping.RuleSet
  {
    KeyMapping.RuleSet(
      "efficientnet-\(name)-to-tensorflow", "the way back of efficientnet, for \(name)",
      marks: [
        #"^efficientnet\.encoder\.blocks\.0\.projection\.project_conv\.weight$"#,
        #"^efficientnet\.encoder\.blocks\.\#(blocks - 1)\."#,
      ], without: #"^efficientnet\.encoder\.blocks\.\#(blocks)\."#,
      #"""
      [
        {"drop": {"suffix": ".num_batches_tracked"}, "comment": "PyTorch's count of training steps"},
        {"replace": "\\.depthwise_conv\\.depthwise_conv\\.weight$",
         "with": ".depthwise_conv2d.depthwise_kernel"},
        {"transpose": [2, 3, 0, 1], "of": {"suffix": ".depthwise_kernel"}},
        {"replace": "(conv|convolution|reduce|expand|^classifier)\\.weight$", "with": "$1.kernel"},
        {"transpose": [1, 0], "of": {"name": "classifier.kernel"}},
        {"transpose": [2, 3, 1, 0], "of": {"regex": "(conv|convolution|reduce|expand)\\.kernel$"}},
        {"replace": "^classifier\\.", "with": "efficientnet.head.dense."},
        {"replace": "(_bn|batchnorm|_norm)\\.weight$", "with": "$1.gamma"},
        {"replace": "(_bn|batchnorm|_norm)\\.bias$", "with": "$1.beta"},
        {"replace": "\\.running_mean$", "with": ".moving_mean"},
        {"replace": "\\.running_var$", "with": ".moving_variance"},
        {"replace": "\\.encoder\\.blocks\\.(\\d+)\\.", "with": ".blocks_$1."},
        {"replace": "(\\.blocks_[0-\#(plain - 1)])\\.projection\\.project_conv\\.", "with": "$1.conv2d."},
        {"replace": "(\\.blocks_[0-\#(plain - 1)])\\.projection\\.project_bn\\.",
         "with": "$1.tpu_batch_normalization_1."},
        {"replace": "(\\.blocks_[0-\#(plain - 1)])\\.depthwise_conv\\.depthwise_norm\\.",
         "with": "$1.tpu_batch_normalization."},
        {"replace": "\\.expansion\\.expand_conv\\.", "with": ".conv2d."},
        {"replace": "\\.projection\\.project_conv\\.", "with": ".conv2d_1."},
        {"replace": "\\.expansion\\.expand_bn\\.", "with": ".tpu_batch_normalization."},
        {"replace": "\\.depthwise_conv\\.depthwise_norm\\.", "with": ".tpu_batch_normalization_1."},
        {"replace": "\\.projection\\.project_bn\\.", "with": ".tpu_batch_normalization_2."},
        {"replace": "\\.squeeze_excite\\.reduce\\.", "with": ".se.conv2d."},
        {"replace": "\\.squeeze_excite\\.expand\\.", "with": ".se.conv2d_1."},
        {"replace": "\\.embeddings\\.convolution\\.", "with": ".stem.conv2d."},
        {"replace": "\\.embeddings\\.batchnorm\\.", "with": ".stem.tpu_batch_normalization."},
        {"replace": "\\.encoder\\.top_conv\\.", "with": ".head.conv2d."},
        {"replace": "\\.encoder\\.top_bn\\.", "with": ".head.tpu_batch_normalization."},
        {"prefix": "efficientnet.", "to": "efficientnet-\#(name)."},
        {"names": "slashed"}
      ]
      """#)
  }
}
