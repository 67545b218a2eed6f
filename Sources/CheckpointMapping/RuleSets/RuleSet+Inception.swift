// Names: tensorflow/models, research/slim/nets, inception_v3.py; and torchvision's Inception3. Slim's names
// have two slips, in Mixed_5c, and "1x1" for two convolutions of 3 times 3 in Mixed_6a.

extension KeyMapping.RuleSet {
  static let inception = [
    KeyMapping.RuleSet(
      "inception-v3", "slim's Inception v3, to torchvision's names",
      marks: [
        #"^InceptionV3/Mixed_5c/Branch_1/Conv_1_0c_5x5/weights$"#,
        #"^InceptionV3/Conv2d_1a_3x3/weights$"#,
      ],
      #"""
      [
        {"drop": {"regex": "/(RMSProp(_1)?|Momentum|Adam(_1)?)$|^global_step$"},
         "comment": "the optimizer, and the state of the run"},
        {"drop": {"suffix": "/ExponentialMovingAverage"},
         "comment": "the moving averages: --prefer /ExponentialMovingAverage takes them instead"},
        {"prefix": "InceptionV3/", "to": ""},
        {"squeeze": [0, 1], "of": {"regex": "Logits/Conv2d_(1c|2b)_1x1/weights$"}},
        {"transpose": [1, 0], "of": {"regex": "Logits/Conv2d_(1c|2b)_1x1/weights$"}},
        {"prefix": "Logits/Conv2d_1c_1x1/", "to": "fc/"},
        {"prefix": "AuxLogits/Conv2d_2b_1x1/", "to": "AuxLogits/fc/"},
        {"replace": "(^|/)fc/weights$", "with": "$1fc/weight"},
        {"replace": "(^|/)fc/biases$", "with": "$1fc/bias"},
        {"transpose": [3, 2, 0, 1], "of": {"suffix": "/weights"}},
      \#(inceptionRules { #"  {"replace": "^(\#($0))/\#($1)/", "with": "$1/\#($2)/"}"# }),
        {"replace": "/weights$", "with": "/conv/weight"},
        {"replace": "/BatchNorm/gamma$", "with": "/bn/weight",
         "comment": "mostly there is none, as slim trains without it: then it is 1 everywhere"},
        {"replace": "/BatchNorm/beta$", "with": "/bn/bias"},
        {"replace": "/BatchNorm/moving_mean$", "with": "/bn/running_mean"},
        {"replace": "/BatchNorm/moving_variance$", "with": "/bn/running_var"},
        {"names": "dotted"}
      ]
      """#),
    KeyMapping.RuleSet(
      "inception-v3-to-tensorflow", "the way back of inception-v3",
      marks: [
        #"^Mixed_5b\.branch5x5_1\.conv\.weight$"#, #"^Mixed_7c\.branch_pool\.conv\.weight$"#,
      ],
      #"""
      [
        {"drop": {"suffix": ".num_batches_tracked"}, "comment": "PyTorch's count of training steps"},
        {"transpose": [1, 0], "of": {"regex": "(^|\\.)fc\\.weight$"}},
        {"unsqueeze": [0, 1], "of": {"regex": "(^|\\.)fc\\.weight$"}},
        {"transpose": [2, 3, 1, 0], "of": {"suffix": ".conv.weight"}},
        {"replace": "(^|\\.)fc\\.weight$", "with": "$1fc.weights"},
        {"replace": "(^|\\.)fc\\.bias$", "with": "$1fc.biases"},
        {"replace": "\\.conv\\.weight$", "with": ".weights"},
        {"replace": "\\.bn\\.weight$", "with": ".BatchNorm.gamma"},
        {"replace": "\\.bn\\.bias$", "with": ".BatchNorm.beta"},
        {"replace": "\\.bn\\.running_mean$", "with": ".BatchNorm.moving_mean"},
        {"replace": "\\.bn\\.running_var$", "with": ".BatchNorm.moving_variance"},
        {"names": "slashed"},
      \#(inceptionRules { #"  {"replace": "^(\#($0))/\#($2)/", "with": "$1/\#($1)/"}"# }),
        {"prefix": "AuxLogits/fc/", "to": "AuxLogits/Conv2d_2b_1x1/"},
        {"prefix": "fc/", "to": "Logits/Conv2d_1c_1x1/"},
        {"prefix": "", "to": "InceptionV3/"}
      ]
      """#),
  ]

  private static func inceptionRules(_ rule: (String, String, String) -> String) -> String {
    inceptionConvolutions.map(rule).joined(separator: ",\n")
  }

  // Blocks, slim's name, torchvision's.
  private static let inceptionConvolutions = [
    ("Mixed_5[bcd]", "Branch_0/Conv2d_0a_1x1", "branch1x1"),
    ("Mixed_5[bd]", "Branch_1/Conv2d_0a_1x1", "branch5x5_1"),
    ("Mixed_5[bd]", "Branch_1/Conv2d_0b_5x5", "branch5x5_2"),
    ("Mixed_5c", "Branch_1/Conv2d_0b_1x1", "branch5x5_1"),
    ("Mixed_5c", "Branch_1/Conv_1_0c_5x5", "branch5x5_2"),
    ("Mixed_5[bcd]", "Branch_2/Conv2d_0a_1x1", "branch3x3dbl_1"),
    ("Mixed_5[bcd]", "Branch_2/Conv2d_0b_3x3", "branch3x3dbl_2"),
    ("Mixed_5[bcd]", "Branch_2/Conv2d_0c_3x3", "branch3x3dbl_3"),
    ("Mixed_5[bcd]", "Branch_3/Conv2d_0b_1x1", "branch_pool"),
    ("Mixed_6a", "Branch_0/Conv2d_1a_1x1", "branch3x3"),
    ("Mixed_6a", "Branch_1/Conv2d_0a_1x1", "branch3x3dbl_1"),
    ("Mixed_6a", "Branch_1/Conv2d_0b_3x3", "branch3x3dbl_2"),
    ("Mixed_6a", "Branch_1/Conv2d_1a_1x1", "branch3x3dbl_3"),
    ("Mixed_6[bcde]", "Branch_0/Conv2d_0a_1x1", "branch1x1"),
    ("Mixed_6[bcde]", "Branch_1/Conv2d_0a_1x1", "branch7x7_1"),
    ("Mixed_6[bcde]", "Branch_1/Conv2d_0b_1x7", "branch7x7_2"),
    ("Mixed_6[bcde]", "Branch_1/Conv2d_0c_7x1", "branch7x7_3"),
    ("Mixed_6[bcde]", "Branch_2/Conv2d_0a_1x1", "branch7x7dbl_1"),
    ("Mixed_6[bcde]", "Branch_2/Conv2d_0b_7x1", "branch7x7dbl_2"),
    ("Mixed_6[bcde]", "Branch_2/Conv2d_0c_1x7", "branch7x7dbl_3"),
    ("Mixed_6[bcde]", "Branch_2/Conv2d_0d_7x1", "branch7x7dbl_4"),
    ("Mixed_6[bcde]", "Branch_2/Conv2d_0e_1x7", "branch7x7dbl_5"),
    ("Mixed_6[bcde]", "Branch_3/Conv2d_0b_1x1", "branch_pool"),
    ("Mixed_7a", "Branch_0/Conv2d_0a_1x1", "branch3x3_1"),
    ("Mixed_7a", "Branch_0/Conv2d_1a_3x3", "branch3x3_2"),
    ("Mixed_7a", "Branch_1/Conv2d_0a_1x1", "branch7x7x3_1"),
    ("Mixed_7a", "Branch_1/Conv2d_0b_1x7", "branch7x7x3_2"),
    ("Mixed_7a", "Branch_1/Conv2d_0c_7x1", "branch7x7x3_3"),
    ("Mixed_7a", "Branch_1/Conv2d_1a_3x3", "branch7x7x3_4"),
    ("Mixed_7[bc]", "Branch_0/Conv2d_0a_1x1", "branch1x1"),
    ("Mixed_7[bc]", "Branch_1/Conv2d_0a_1x1", "branch3x3_1"),
    ("Mixed_7[bc]", "Branch_1/Conv2d_0b_1x3", "branch3x3_2a"),
    ("Mixed_7b", "Branch_1/Conv2d_0b_3x1", "branch3x3_2b"),
    ("Mixed_7c", "Branch_1/Conv2d_0c_3x1", "branch3x3_2b"),
    ("Mixed_7[bc]", "Branch_2/Conv2d_0a_1x1", "branch3x3dbl_1"),
    ("Mixed_7[bc]", "Branch_2/Conv2d_0b_3x3", "branch3x3dbl_2"),
    ("Mixed_7[bc]", "Branch_2/Conv2d_0c_1x3", "branch3x3dbl_3a"),
    ("Mixed_7[bc]", "Branch_2/Conv2d_0d_3x1", "branch3x3dbl_3b"),
    ("Mixed_7[bc]", "Branch_3/Conv2d_0b_1x1", "branch_pool"),
    ("AuxLogits", "Conv2d_1b_1x1", "conv0"),
    ("AuxLogits", "Conv2d_2a_5x5", "conv1"),
  ]
}
