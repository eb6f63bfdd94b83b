/** Completion scripts for shells, generated from the definitions of the commands. */
import type { Command, Option } from "commander";

/** The shells that there are scripts for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** The name of a shell. */
export type Shell = (typeof shells)[number];

/** What an option takes: nothing, a file, one of some words, or anything. */
type Value = undefined | "file" | "any" | readonly string[];

/** An option, for completion. */
interface CompletedOption {
  short?: string;
  long?: string;
  description: string;
  value: Value;
}

/** A command, for completion. */
interface CompletedCommand {
  /** Its name and its aliases. */
  names: readonly string[];
  description: string;
  options: readonly CompletedOption[];
  /** Choices for its argument; empty for files. */
  words: readonly string[];
}

/** Generates the script for a shell. */
export function completionScript(program: Command, shell: Shell): string {
  const name = program.name();
  const commands = program.createHelp().visibleCommands(program).map(
    (command) => describe(command, program),
  );
  const { options } = describe(program, program);
  const make = { bash: bashScript, zsh: zshScript, fish: fishScript };
  return make[shell](name, commands, options).join("\n") + "\n";
}

function describe(command: Command, program: Command): CompletedCommand {
  return {
    names: [command.name(), ...command.aliases()],
    description: command.description(),
    options: command.createHelp().visibleOptions(command).map((option) => ({
      short: option.short,
      long: option.long,
      description: option.description,
      value: valueOf(option),
    })),
    words: command.name() === "help"
      ? program.commands.map((each) => each.name())
      : command.registeredArguments[0]?.argChoices ?? [],
  };
}

function valueOf(option: Option): Value {
  if (!option.required && !option.optional) return undefined;
  if (option.argChoices !== undefined) return option.argChoices;
  return /[<[](file|path|directory)/.test(option.flags) ? "file" : "any";
}

function flagsOf({ short, long }: CompletedOption): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

function bashScript(
  name: string,
  commands: readonly CompletedCommand[],
  options: readonly CompletedOption[],
): string[] {
  const branch = (
    { names, options, words }: CompletedCommand,
  ): string[] => [
    `    ${names.join("|")})`,
    `      words="${words.join(" ")}"`,
    `      options="${options.flatMap(flagsOf).join(" ")}"`,
    `      case $previous in`,
    ...options.flatMap((option) => {
      const { value } = option;
      if (value === undefined) return [];
      const action = value === "file"
        ? "files=yes"
        : value === "any"
        ? "return"
        : `choices="${value.join(" ")}"`;
      return `        ${flagsOf(option).join("|")}) ${action} ;;`;
    }),
    `      esac`,
    `      ;;`,
  ];
  return [
    `# ${name} completion for bash`,
    `_${name}() {`,
    `  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}`,
    `  local command= words= options= choices= files= i`,
    `  # bash splits --option=value into three words.`,
    `  if [[ $current == = ]]; then current=`,
    `  elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}`,
    `  fi`,
    `  COMPREPLY=()`,
    `  for ((i = 1; i < COMP_CWORD; i++)); do`,
    `    if [[ \${COMP_WORDS[i]} != -* ]]; then command=\${COMP_WORDS[i]}; break; fi`,
    `  done`,
    `  case $command in`,
    `    "")`,
    `      words="${commands.flatMap(({ names }) => names).join(" ")}"`,
    `      options="${options.flatMap(flagsOf).join(" ")}"`,
    `      ;;`,
    ...commands.flatMap(branch),
    `  esac`,
    `  if [[ -n $choices ]]; then COMPREPLY=($(compgen -W "$choices" -- "$current"))`,
    `  elif [[ -z $files && $current == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$current"))`,
    `  elif [[ -z $files && -n $words ]]; then COMPREPLY=($(compgen -W "$words" -- "$current"))`,
    `  else`,
    `    compopt -o filenames 2> /dev/null`,
    `    mapfile -t COMPREPLY < <(compgen -f -- "$current")`,
    `  fi`,
    `}`,
    `complete -F _${name} ${name}`,
  ];
}

function zshScript(
  name: string,
  commands: readonly CompletedCommand[],
  options: readonly CompletedOption[],
): string[] {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const escape = (text: string) => text.replace(/[\\[\]:]/g, "\\$&");
  const specs = (options: readonly CompletedOption[]) =>
    options.flatMap((option) => {
      const flags = flagsOf(option);
      const value = option.value === undefined
        ? ""
        : option.value === "file"
        ? ":file:_files"
        : option.value === "any"
        ? ":value: "
        : `:value:(${option.value.join(" ")})`;
      return flags.map((flag) => {
        const suffix = value === "" ? "" : flag.startsWith("--") ? "=" : "+";
        return quote(
          `(${flags.join(" ")})${flag}${suffix}[${
            escape(option.description)
          }]${value}`,
        );
      });
    });
  const branch = (
    { names, options, words }: CompletedCommand,
  ): string[] => [
    `        ${names.join("|")})`,
    `          _arguments -s \\`,
    ...specs(options).map((spec) => `            ${spec} \\`),
    words.length > 0
      ? `            ${quote(`1:word:(${words.join(" ")})`)}`
      : `            ${quote("*:file:_files")}`,
    `          ;;`,
  ];
  return [
    `#compdef ${name}`,
    `_${name}() {`,
    `  local context state state_descr line`,
    `  typeset -A opt_args`,
    `  _arguments -C \\`,
    ...specs(options).map((spec) => `    ${spec} \\`),
    `    '1:command:->command' '*::argument:->argument'`,
    `  case $state in`,
    `    command)`,
    `      local -a commands=(`,
    ...commands.flatMap(({ names, description }) =>
      names.map((each) => `        ${quote(`${each}:${description}`)}`)
    ),
    `      )`,
    `      _describe -t commands command commands`,
    `      ;;`,
    `    argument)`,
    `      case $words[1] in`,
    ...commands.flatMap(branch),
    `      esac`,
    `      ;;`,
    `  esac`,
    `}`,
    `# Autoloaded from a directory of completions, or sourced.`,
    `if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi`,
  ];
}

function fishScript(
  name: string,
  commands: readonly CompletedCommand[],
  options: readonly CompletedOption[],
): string[] {
  const quote = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`;
  const find = `__${name}_command`;
  const line = (condition: string, rest: string) =>
    `complete -c ${name} -n ${quote(condition)} ${rest}`;
  const optionLine = (condition: string) => (option: CompletedOption) => {
    const { short, long, description, value } = option;
    const parts = [
      short && `-s ${short.slice(1)}`,
      long && `-l ${long.slice(2)}`,
      value === "file" && "-r -F",
      value === "any" && "-x",
      typeof value === "object" && `-x -a ${quote(value.join(" "))}`,
      `-d ${quote(description)}`,
    ];
    return line(condition, parts.filter(Boolean).join(" "));
  };
  const noCommand = `not ${find} > /dev/null`;
  return [
    `# ${name} completion for fish`,
    `function ${find}`,
    `    for word in (commandline -opc)[2..]`,
    `        if not string match -q -- '-*' $word`,
    `            echo $word`,
    `            return 0`,
    `        end`,
    `    end`,
    `    return 1`,
    `end`,
    ...options.map(optionLine(noCommand)),
    ...commands.flatMap(({ names, description, options, words }) => {
      const condition = `contains -- (${find}; or echo -) ${names.join(" ")}`;
      return [
        ...names.map((each) =>
          line(noCommand, `-f -a ${each} -d ${quote(description)}`)
        ),
        ...options.map(optionLine(condition)),
        ...(words.length > 0
          ? [line(condition, `-f -a ${quote(words.join(" "))}`)]
          : []),
      ];
    }),
  ];
}
