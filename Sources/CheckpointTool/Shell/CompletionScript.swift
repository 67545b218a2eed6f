/// A shell, and the script from which it learns to complete arguments.
enum CompletionScript: String, CaseIterable {
  case bash
  case zsh
  case fish

  /// The script for the commands of the tool.
  func text(_ commands: [Synopsis]) -> String {
    switch self {
    case .bash: Self.bash(commands)
    case .zsh: Self.zsh(commands)
    case .fish: Self.fish(commands)
    }
  }

  // MARK: bash

  private static func bash(_ commands: [Synopsis]) -> String {
    let names = commands.map(\.name).joined(separator: " ")
    let cases = commands.map { command in
      let options = (command.options.map(\.name) + ["--help"]).joined(separator: " ")
      return "    \(command.name)) options='\(options)' ;;\n"
    }
    return """
      # bash completion of 'checkpoint'; made by 'checkpoint completions bash'.
      _checkpoint() {
        local word="${COMP_WORDS[COMP_CWORD]}" commands='\(names)' options='' path
        COMPREPLY=()
        if ((COMP_CWORD == 1)); then
          COMPREPLY=($(compgen -W "$commands help --help --version" -- "$word"))
          return
        fi
        case "${COMP_WORDS[1]}" in
          help) COMPREPLY=($(compgen -W "$commands" -- "$word")); return ;;
          completions) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$word")); return ;;
      \(cases.joined())  esac
        if [[ "$word" == -* ]]; then
          COMPREPLY=($(compgen -W "$options" -- "$word"))
          return
        fi
        compopt -o filenames 2>/dev/null
        while IFS= read -r path; do
          case "$path" in
            *.data-*-of-*) ;;
            *.index) COMPREPLY+=("${path%.index}") ;;
            *) COMPREPLY+=("$path") ;;
          esac
        done < <(compgen -f -- "$word")
      }
      complete -F _checkpoint checkpoint

      """
  }

  // MARK: zsh

  private static func zsh(_ commands: [Synopsis]) -> String {
    let names = commands.map { "    \(quoted("\($0.name):\($0.summary)"))\n" }
    let cases = commands.map { command in
      let options = command.options.map { option in
        let value = option.value.map { "=:\($0):_files" } ?? ""
        let help = option.help.filter { !"[]:".contains($0) }
        return quoted("*\(option.name)[\(help)]\(value)")
      }
      let operands =
        command.name == "completions"
        ? "'1:shell:(bash zsh fish)'" : "'*:checkpoint:_checkpoint_paths'"
      return "    \(command.name)) _arguments \((options + [operands]).joined(separator: " ")) ;;\n"
    }
    return """
      #compdef checkpoint
      # zsh completion of 'checkpoint'; made by 'checkpoint completions zsh'.
      _checkpoint_paths() {
        local -a prefixes
        prefixes=(${~PREFIX}*.index(N:r))
        compadd -f -- $prefixes
        _files
      }
      _checkpoint() {
        local -a commands
        commands=(
      \(names.joined())    'help:Says more about a command.'
        )
        if ((CURRENT == 2)); then
          _describe -t commands command commands
          return
        fi
        local command=$words[2]
        shift words
        ((CURRENT--))
        case $command in
          help) _describe -t commands command commands ;;
      \(cases.joined())  esac
      }
      if [[ $funcstack[1] == _checkpoint ]]; then _checkpoint "$@"; else compdef _checkpoint checkpoint; fi

      """
  }

  // MARK: fish

  private static func fish(_ commands: [Synopsis]) -> String {
    let names = commands.map(\.name).joined(separator: " ")
    var text = """
      # fish completion of 'checkpoint'; made by 'checkpoint completions fish'.
      complete -c checkpoint -n "not __fish_seen_subcommand_from \(names) help" -f
      complete -c checkpoint -n "not __fish_seen_subcommand_from \(names) help" -l version -d 'Says which version it is.'
      complete -c checkpoint -n "__fish_seen_subcommand_from help" -f -a '\(names)'
      complete -c checkpoint -n "__fish_seen_subcommand_from completions" -f -a 'bash zsh fish'

      """
    for command in commands {
      let unless = "-n \"not __fish_seen_subcommand_from \(names) help\""
      text +=
        "complete -c checkpoint \(unless) -a \(command.name) -d \(fishQuoted(command.summary))\n"
      for option in command.options {
        let value = option.value == nil ? "" : " -r"
        text += "complete -c checkpoint -n \"__fish_seen_subcommand_from \(command.name)\""
        text += " -l \(option.name.dropFirst(2))\(value) -d \(fishQuoted(option.help))\n"
      }
    }
    return text
  }

  // MARK: Quoting

  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }

  private static func fishQuoted(_ text: String) -> String {
    "'"
      + text.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
  }
}
