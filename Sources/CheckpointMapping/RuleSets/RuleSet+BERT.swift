// Names: google-research/bert, modeling.py, run_pretraining.py, run_classifier.py, run_squad.py; and
// Hugging Face's BertForPreTraining, BertForSequenceClassification, BertForQuestionAnswering.

extension KeyMapping.RuleSet {
  static let bert = [
    KeyMapping.RuleSet(
      "bert", "BERT of google-research, to Hugging Face's names",
      marks: [#"^bert/encoder/layer_0/attention/self/query/kernel$"#],
      #"""
      [
        {"drop": {"regex": "/((adam|lamb)_[mv]|Adam(_1)?)$"},
         "comment": "what the optimizer keeps for each weight"},
        {"drop": {"regex": "^(global_step|good_steps|loss_scale|beta[12]_power)$"},
         "comment": "the state of the run"},
        {"transpose": [1, 0], "of": {"suffix": "/kernel"}},
        {"replace": "^output_(weights|bias)$", "with": "classifier/output_$1",
         "comment": "run_classifier.py"},
        {"replace": "^cls/squad/", "with": "qa_outputs/", "comment": "run_squad.py"},
        {"replace": "/layer_(\\d+)/", "with": "/layer/$1/"},
        {"replace": "_embeddings$", "with": "_embeddings/weight"},
        {"replace": "/(kernel|gamma|output_weights)$", "with": "/weight"},
        {"replace": "/(beta|output_bias)$", "with": "/bias"},
        {"names": "dotted",
         "comment": "tied, not stored: cls.predictions.decoder, to word_embeddings and cls.predictions.bias"}
      ]
      """#),
    KeyMapping.RuleSet(
      "bert-to-tensorflow", "the way back of bert",
      marks: [#"^bert\.encoder\.layer\.0\.attention\.self\.query\.weight$"#],
      #"""
      [
        {"drop": {"regex": "^cls\\.predictions\\.decoder\\."},
         "comment": "tied to the word embeddings, and to the bias of cls.predictions"},
        {"drop": {"suffix": ".position_ids"}, "comment": "0, 1, 2 …"},
        {"transpose": [1, 0], "of": {"regex": "\\.(query|key|value|dense)\\.weight$"}},
        {"replace": "\\.(query|key|value|dense)\\.weight$", "with": ".$1.kernel"},
        {"replace": "\\.LayerNorm\\.weight$", "with": ".LayerNorm.gamma"},
        {"replace": "\\.LayerNorm\\.bias$", "with": ".LayerNorm.beta"},
        {"replace": "_embeddings\\.weight$", "with": "_embeddings"},
        {"replace": "^cls\\.predictions\\.bias$", "with": "cls.predictions.output_bias"},
        {"replace": "^(classifier|qa_outputs|cls\\.seq_relationship)\\.weight$",
         "with": "$1.output_weights"},
        {"replace": "^(classifier|qa_outputs|cls\\.seq_relationship)\\.bias$",
         "with": "$1.output_bias"},
        {"replace": "^classifier\\.", "with": ""},
        {"replace": "^qa_outputs\\.", "with": "cls.squad."},
        {"replace": "\\.layer\\.(\\d+)\\.", "with": ".layer_$1."},
        {"names": "slashed"}
      ]
      """#),
  ]
}
