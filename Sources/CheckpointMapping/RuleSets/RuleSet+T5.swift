// Names: google-research/text-to-text-transfer-transformer with Mesh TensorFlow, transformer/
// transformer_layers.py; and Hugging Face's T5ForConditionalGeneration. T5 1.1 and mT5 have wi_0 and wi_1
// for wi, and decoder/logits.

extension KeyMapping.RuleSet {
  static let t5 = [
    KeyMapping.RuleSet(
      "t5", "T5, T5 1.1 and mT5 of Mesh TensorFlow, to Hugging Face's names",
      marks: [#"^shared/embedding$"#, #"^encoder/block_000/layer_000/SelfAttention/q$"#],
      #"""
      [
        {"drop": {"regex": "_slot_(m|v|vr|vc)$"},
         "comment": "what the optimizer Adafactor keeps for each weight"},
        {"drop": {"name": "global_step"}, "comment": "the state of the run"},
        {"transpose": [1, 0], "of": {"regex": "/([qkvo]|relative_attention_bias|kernel)$"}},
        {"replace": "/(block|layer)_0*(\\d+)/", "with": "/$1/$2/"},
        {"replace": "/layer_0*(\\d+)/", "with": "/layer/$1/"},
        {"replace": "(/layer/\\d+)/rms_norm/", "with": "$1/layer_norm/"},
        {"replace": "^(encoder|decoder)/rms_norm/", "with": "$1/final_layer_norm/"},
        {"prefix": "decoder/logits/", "to": "lm_head/"},
        {"replace": "/([qkvo]|relative_attention_bias)$", "with": "/$1/weight"},
        {"replace": "/(kernel|scale|embedding)$", "with": "/weight"},
        {"names": "dotted",
         "comment": "tied, not stored: embed_tokens of both; without decoder/logits, lm_head too"}
      ]
      """#),
    KeyMapping.RuleSet(
      "t5-to-tensorflow", "the way back of t5",
      marks: [#"^shared\.weight$"#, #"^encoder\.block\.0\.layer\.0\.SelfAttention\.q\.weight$"#],
      #"""
      [
        {"drop": {"regex": "^(encoder|decoder)\\.embed_tokens\\."}, "comment": "tied to shared"},
        {"prefix": "lm_head.", "to": "decoder.logits.",
         "comment": "where it is tied to shared, leave it out beforehand"},
        {"transpose": [1, 0], "of": {
          "regex": "\\.([qkvo]|wi|wi_0|wi_1|wo|logits|relative_attention_bias)\\.weight$"}},
        {"replace": "\\.([qkvo]|relative_attention_bias)\\.weight$", "with": ".$1"},
        {"replace": "\\.(wi|wi_0|wi_1|wo|logits)\\.weight$", "with": ".$1.kernel"},
        {"replace": "layer_norm\\.weight$", "with": "layer_norm.scale"},
        {"replace": "^shared\\.weight$", "with": "shared.embedding"},
        {"replace": "\\.(block|layer)\\.(\\d)(?=\\.)", "with": ".$1_00$2"},
        {"replace": "\\.block\\.(\\d\\d)(?=\\.)", "with": ".block_0$1"},
        {"names": "slashed"}
      ]
      """#),
  ]
}
