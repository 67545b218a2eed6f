// Names: google-research/electra, model/modeling.py, run_pretraining.py; and Hugging Face's
// ElectraForPreTraining, ElectraForMaskedLM. One checkpoint has both models, with the embeddings of both.

extension KeyMapping.RuleSet {
  static let electra = [
    KeyMapping.RuleSet(
      "electra", "ELECTRA's discriminator, to Hugging Face's names",
      marks: [#"^electra/encoder/layer_0/attention/self/query/kernel$"#],
      #"""
      [
        {"drop": {"regex": "/((adam|lamb)_[mv]|Adam(_1)?)$"},
         "comment": "what the optimizer keeps for each weight"},
        {"drop": {"regex": "^(global_step|beta[12]_power)$|(^|/)temperature$"},
         "comment": "the state of the run"},
        {"drop": {"regex": "^generator(_predictions)?/"},
         "comment": "the generator: rule set electra-generator"},
        {"transpose": [1, 0], "of": {"suffix": "/kernel"}},
        {"prefix": "discriminator_predictions/dense_1/",
         "to": "discriminator_predictions/dense_prediction/"},
        {"replace": "/layer_(\\d+)/", "with": "/layer/$1/"},
        {"replace": "_embeddings$", "with": "_embeddings/weight"},
        {"replace": "/(kernel|gamma)$", "with": "/weight"},
        {"replace": "/beta$", "with": "/bias"},
        {"names": "dotted"}
      ]
      """#),
    KeyMapping.RuleSet(
      "electra-to-tensorflow", "the way back of electra",
      marks: [#"^electra\.encoder\.layer\.0\."#, #"^discriminator_predictions\.dense\."#],
      #"""
      [
        {"drop": {"suffix": ".position_ids"}, "comment": "0, 1, 2 …"},
        {"replace": "\\.LayerNorm\\.weight$", "with": ".LayerNorm.gamma"},
        {"replace": "\\.LayerNorm\\.bias$", "with": ".LayerNorm.beta"},
        {"replace": "_embeddings\\.weight$", "with": "_embeddings"},
        {"transpose": [1, 0], "of": {"suffix": ".weight"}},
        {"replace": "\\.weight$", "with": ".kernel"},
        {"replace": "\\.layer\\.(\\d+)\\.", "with": ".layer_$1."},
        {"replace": "\\.dense_prediction\\.", "with": ".dense_1."},
        {"names": "slashed"}
      ]
      """#),
    KeyMapping.RuleSet(
      "electra-generator", "ELECTRA's generator, to Hugging Face's names",
      marks: [#"^generator/encoder/layer_0/attention/self/query/kernel$"#],
      #"""
      [
        {"drop": {"regex": "/((adam|lamb)_[mv]|Adam(_1)?)$"},
         "comment": "what the optimizer keeps for each weight"},
        {"drop": {"regex": "^(global_step|beta[12]_power)$|(^|/)temperature$"},
         "comment": "the state of the run"},
        {"drop": {"regex": "^(discriminator_predictions|electra/encoder|electra/embeddings_project)/"},
         "comment": "the discriminator, except the embeddings, which it shares: rule set electra"},
        {"transpose": [1, 0], "of": {"suffix": "/kernel"}},
        {"prefix": "generator/", "to": "electra/"},
        {"replace": "^generator_predictions/output_bias$", "with": "generator_lm_head/bias"},
        {"replace": "/layer_(\\d+)/", "with": "/layer/$1/"},
        {"replace": "_embeddings$", "with": "_embeddings/weight"},
        {"replace": "/(kernel|gamma)$", "with": "/weight"},
        {"replace": "/beta$", "with": "/bias"},
        {"names": "dotted",
         "comment": "tied, not stored: generator_lm_head.weight, to word_embeddings"}
      ]
      """#),
    KeyMapping.RuleSet(
      "electra-generator-to-tensorflow", "the way back of electra-generator",
      marks: [#"^electra\.encoder\.layer\.0\."#, #"^generator_predictions\.dense\."#],
      #"""
      [
        {"drop": {"name": "generator_lm_head.weight"}, "comment": "tied to the word embeddings"},
        {"drop": {"suffix": ".position_ids"}, "comment": "0, 1, 2 …"},
        {"replace": "\\.LayerNorm\\.weight$", "with": ".LayerNorm.gamma"},
        {"replace": "\\.LayerNorm\\.bias$", "with": ".LayerNorm.beta"},
        {"replace": "_embeddings\\.weight$", "with": "_embeddings"},
        {"transpose": [1, 0], "of": {"suffix": ".weight"}},
        {"replace": "\\.weight$", "with": ".kernel"},
        {"replace": "\\.layer\\.(\\d+)\\.", "with": ".layer_$1."},
        {"replace": "^electra\\.(encoder|embeddings_project)\\.", "with": "generator.$1."},
        {"replace": "^generator_lm_head\\.bias$", "with": "generator_predictions.output_bias"},
        {"names": "slashed"}
      ]
      """#),
  ]
}
