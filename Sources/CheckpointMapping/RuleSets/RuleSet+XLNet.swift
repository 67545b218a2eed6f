// Names: zihangdai/xlnet, modeling.py, function_builder.py (whose scope is spelled sequnece_summary); and
// Hugging Face's XLNetLMHeadModel, XLNetForSequenceClassification.

extension KeyMapping.RuleSet {
  static let xlnet = [
    KeyMapping.RuleSet(
      "xlnet", "XLNet, to Hugging Face's names",
      marks: [
        #"^model/transformer/r_w_bias$"#, #"^model/transformer/layer_0/rel_attn/q/kernel$"#,
        #"^model/transformer/mask_emb/mask_emb$"#,
      ],
      #"""
      [
        {"drop": {"regex": "/Adam(_1)?$|^(global_step|beta[12]_power)$"},
         "comment": "the optimizer, and the state of the run"},
        {"unstack": "^model/transformer/(r_[wrs]_bias|seg_embed)$", "axis": 0,
         "into": "model/transformer/layer_$i/rel_attn/$1",
         "comment": "one tensor for all layers becomes one for each"},
        {"transpose": [1, 0], "of": {"regex": "/(layer_1|layer_2|summary|logit)/kernel$"}},
        {"prefix": "model/", "to": ""},
        {"replace": "^transformer/layer_(\\d+)/", "with": "transformer/layer/$1/"},
        {"replace": "/rel_attn/([qkvro])/kernel$", "with": "/rel_attn/$1"},
        {"replace": "/LayerNorm/", "with": "/layer_norm/"},
        {"replace": "^transformer/mask_emb/mask_emb$", "with": "transformer/mask_emb"},
        {"replace": "^transformer/word_embedding/lookup_table$",
         "with": "transformer/word_embedding/weight"},
        {"prefix": "sequnece_summary/", "to": "sequence_summary/"},
        {"replace": "/(kernel|gamma)$", "with": "/weight"},
        {"replace": "/beta$", "with": "/bias"},
        {"names": "dotted",
         "comment": "tied, not stored: lm_loss.weight, to word_embedding; heads keep the task in the name"}
      ]
      """#),
    KeyMapping.RuleSet(
      "xlnet-to-tensorflow", "the way back of xlnet",
      marks: [#"^transformer\.layer\.0\.rel_attn\.r_w_bias$"#, #"^transformer\.mask_emb$"#],
      #"""
      [
        {"drop": {"name": "lm_loss.weight"}, "comment": "tied to transformer.word_embedding"},
        {"stack": "^transformer\\.layer\\.(\\d+)\\.rel_attn\\.(r_[wrs]_bias|seg_embed)$", "axis": 0,
         "into": "transformer.$2"},
        {"transpose": [1, 0], "of": {"regex": "\\.(layer_1|layer_2|summary|logit)\\.weight$"}},
        {"replace": "\\.(layer_1|layer_2|summary|logit)\\.weight$", "with": ".$1.kernel"},
        {"replace": "\\.layer_norm\\.weight$", "with": ".LayerNorm.gamma"},
        {"replace": "\\.layer_norm\\.bias$", "with": ".LayerNorm.beta"},
        {"replace": "\\.rel_attn\\.([qkvro])$", "with": ".rel_attn.$1.kernel"},
        {"replace": "^transformer\\.mask_emb$", "with": "transformer.mask_emb.mask_emb"},
        {"replace": "^transformer\\.word_embedding\\.weight$",
         "with": "transformer.word_embedding.lookup_table"},
        {"replace": "^transformer\\.layer\\.(\\d+)\\.", "with": "transformer.layer_$1."},
        {"prefix": "sequence_summary.", "to": "sequnece_summary."},
        {"prefix": "", "to": "model."},
        {"names": "slashed"}
      ]
      """#),
  ]
}
