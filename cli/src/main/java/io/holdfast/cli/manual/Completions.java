package io.holdfast.cli.manual;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Completion of command lines in bash and zsh: commands, their options, and files of the host where a path is wanted. */
final class Completions {
    private final List<CommandLine> commands;

    Completions(CommandLine root) {
        this.commands = ManualPages.commands(root);
    }

    // ---- bash ----

    String bash() {
        StringBuilder text = new StringBuilder("""
                # Completion of holdfast in bash, made from the declarations of the commands.
                _holdfast() {
                    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} options='' values=''
                    COMPREPLY=()
                    # Bash splits --option=value into three words.
                    if [[ $word == = ]]; then
                        word=''
                    elif [[ $previous == = ]]; then
                        previous=${COMP_WORDS[COMP_CWORD - 2]}
                    fi
                    if ((COMP_CWORD == 1)); then
                        mapfile -t COMPREPLY < <(compgen -W 'COMMANDS --help --version' -- "$word")
                        return
                    fi
                    case ${COMP_WORDS[1]} in
                """.replace("COMMANDS", names() + " help"));
        for (CommandLine command : commands) {
            text.append("    ").append(command.getCommandName()).append(")\n");
            text.append("        options='")
                    .append(String.join(" ", options(command)))
                    .append("'\n");
            text.append("        values=' ")
                    .append(String.join(" ", withValues(command)))
                    .append(" '\n        ;;\n");
        }
        return text.append("""
                    help)
                        options='COMMANDS'
                        ;;
                    esac
                    if [[ $word == -* || ${COMP_WORDS[1]} == help ]]; then
                        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
                    elif [[ $previous == -* && $values == *" $previous "* ]]; then
                        mapfile -t COMPREPLY < <(compgen -f -- "$word")
                    elif [[ -n $options ]]; then
                        mapfile -t COMPREPLY < <(compgen -f -- "$word")
                    fi
                }
                complete -o filenames -F _holdfast holdfast
                """.replace("COMMANDS", names())).toString();
    }

    private String names() {
        return commands.stream().map(CommandLine::getCommandName).collect(Collectors.joining(" "));
    }

    private static List<String> options(CommandLine command) {
        return command.getCommandSpec().options().stream()
                .filter(option -> !option.hidden())
                .flatMap(option -> Stream.of(option.names()))
                .toList();
    }

    private static List<String> withValues(CommandLine command) {
        return command.getCommandSpec().options().stream()
                .filter(option -> option.arity().max() > 0)
                .flatMap(option -> Stream.of(option.names()))
                .toList();
    }

    // ---- zsh ----

    String zsh() {
        StringBuilder text = new StringBuilder("""
                #compdef holdfast
                # Completion of holdfast in zsh, made from the declarations of the commands.
                _holdfast() {
                  local -a commands
                  local curcontext=$curcontext state line
                  commands=(
                """);
        for (CommandLine command : commands) {
            text.append("    ")
                    .append(quoted(command.getCommandName() + ":" + summary(command)))
                    .append('\n');
        }
        text.append("""
                  )
                  _arguments -C '(-h --help)'{-h,--help}'[show the help]' '(-V --version)'{-V,--version}'[show the version]' \\
                    '1:command:->command' '*::argument:->arguments'
                  case $state in
                  command) _describe command commands ;;
                  arguments)
                    case $words[1] in
                """);
        for (CommandLine command : commands) {
            text.append("    ").append(command.getCommandName()).append(")\n      _arguments");
            for (OptionSpec option : command.getCommandSpec().options()) {
                if (!option.hidden()) {
                    zshOption(text, option);
                }
            }
            text.append(" \\\n        '*:file:_files' ;;\n");
        }
        return text.append("""
                    help) _describe command commands ;;
                    esac
                    ;;
                  esac
                }
                _holdfast "$@"
                """).toString();
    }

    private static void zshOption(StringBuilder text, OptionSpec option) {
        boolean several = option.isMultiValue();
        boolean value = option.arity().max() > 0;
        for (String name : option.names()) {
            String others = several ? "*" : "(" + String.join(" ", option.names()) + ")";
            String form = name + (value ? (name.startsWith("--") ? "=" : "+") : "");
            String what = "[" + brackets(ManualPages.words(option)) + "]";
            String action = value ? ":" + colons(option.paramLabel()) + ":" + action(option) : "";
            text.append(" \\\n        ").append(quoted(others + form + what + action));
        }
    }

    private static String action(ArgSpec option) {
        Class<?> type = option.auxiliaryTypes().length == 0 ? option.type() : option.auxiliaryTypes()[0];
        return type == Path.class ? "_files" : "";
    }

    private static String summary(CommandLine command) {
        return command.getCommandSpec().usageMessage().description()[0];
    }

    private static String brackets(String words) {
        return words.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]");
    }

    private static String colons(String words) {
        return words.replace(":", "\\:");
    }

    private static String quoted(String words) {
        return "'" + words.replace("'", "'\\''") + "'";
    }
}
