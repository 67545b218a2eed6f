extension CompletionScript {
  /// The script of fish.
  static func fish(_ grammar: CompletedGrammar) -> String {
    var text = """
      # fish completion of 'checkpoint'; made by 'checkpoint completions fish'.
      function __checkpoint_is
          set -l words (commandline -opc)
          test (count $words) -ge 2; and test "$words[2]" = $argv[1]
      end
      function __checkpoint_is_first
          test (count (commandline -opc)) -eq 1
      end
      function __checkpoint_paths
          for line in (complete -C "'' "(commandline -ct))
              set -l path (string split -m 1 \\t -- $line)[1]
              switch $path
                  case '*.data-*-of-*'
                  case '*.index'
                      string replace -r '\\.index$' '' -- $path
                  case '*'
                      echo $path
              end
          end
      end
      complete -c checkpoint -f

      """
    for option in grammar.options { text += line("__checkpoint_is_first", option) }
    for command in grammar.commands {
      text += "complete -c checkpoint -n __checkpoint_is_first -a \(command.name)"
      text += " -d \(fishQuoted(command.summary))\n"
      let condition = "'__checkpoint_is \(command.name)'"
      for option in command.options { text += line(condition, option) }
      let operands =
        switch command.operands {
        case .files: "(__checkpoint_paths)"
        case .words(let words): words.joined(separator: " ")
        }
      text += "complete -c checkpoint -n \(condition) -a '\(operands)'\n"
    }
    return text
  }

  private static func line(_ condition: String, _ option: Synopsis.Option) -> String {
    let isLong = option.name.hasPrefix("--")
    let name = isLong ? "-l \(option.name.dropFirst(2))" : "-s \(option.name.dropFirst())"
    let value = option.value == nil ? "" : " -rF"
    return "complete -c checkpoint -n \(condition) \(name)\(value) -d \(fishQuoted(option.help))\n"
  }

  private static func fishQuoted(_ text: String) -> String {
    "'" + text.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
  }
}
