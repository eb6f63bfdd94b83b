import { fileURLToPath } from "node:url";
import { TemporaryDirectory } from "./files.ts";

/** One import. */
export interface Import {
  /** Path of the importing module, relative to the project. */
  from: string;
  /** Path of the imported module, `npm:<package>` or `node:<module>`. */
  to: string;
  /** `type` imports are gone when the program runs; `dynamic` ones load later. */
  kind: "static" | "dynamic" | "type";
}

/** What `deno info --json` says about a module. */
interface ModuleInfo {
  specifier: string;
  error?: string;
  dependencies?: {
    specifier: string;
    isDynamic?: boolean;
    code?: { specifier?: string; error?: string };
    type?: { specifier?: string; error?: string };
  }[];
}

/** Root of the project, as a URL that ends in a slash. */
const root = new URL("../../", import.meta.url);

/** Paths of the TypeScript files in some folders of the project, relative to it. */
export function sourceFiles(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    Array.from(Deno.readDirSync(new URL(folder, root))).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) return sourceFiles(path);
      return path.endsWith(".ts") ? [path] : [];
    })
  ).sort();
}

/** Every import that the given files and what they import contain, from Deno's module graph. */
export async function moduleGraph(files: string[]): Promise<Import[]> {
  using directory = new TemporaryDirectory();
  const entry = directory.file("entry.ts");
  const imports = files.map((file) =>
    `import ${JSON.stringify(new URL(file, root).href)};\n`
  );
  Deno.writeTextFileSync(entry, imports.join(""));
  const { modules }: { modules: ModuleInfo[] } = JSON.parse(
    await deno("info", "--json", entry),
  );
  return modules.flatMap(({ specifier, error, dependencies = [] }) => {
    if (error !== undefined) throw new Error(`${specifier}: ${error}`);
    if (!specifier.startsWith(root.href)) return [];
    return dependencies.map(({ code, type, isDynamic }): Import => {
      const problem = code?.error ?? type?.error;
      if (problem !== undefined) throw new Error(problem);
      return {
        from: nameOf(specifier),
        to: nameOf((code ?? type)!.specifier!),
        kind: code === undefined ? "type" : isDynamic ? "dynamic" : "static",
      };
    });
  });
}

/** Names of the files that declare what an entry exports, by the name of the export. */
export async function publicDeclarations(
  entries: string[],
): Promise<{ name: string; file: string }[]> {
  const { nodes } = JSON.parse(await deno("doc", "--json", ...entries));
  return Object.values<DocNode>(nodes).flatMap(({ symbols }) =>
    symbols.flatMap(({ name, declarations }) =>
      declarations.map(({ location }) => ({
        name,
        file: nameOf(location.filename),
      }))
    )
  );
}

/** What `deno doc --json` says about an entry. */
interface DocNode {
  symbols: {
    name: string;
    declarations: { location: { filename: string } }[];
  }[];
}

/** The circles of a graph: for each, the imports that close it. */
export function circles(imports: Import[]): Import[][] {
  const targets = Map.groupBy(imports, ({ from }) => from);
  const reachable = new Map<string, Set<string>>();
  for (const start of targets.keys()) {
    const seen = new Set([start]);
    for (const from of seen) {
      for (const { to } of targets.get(from) ?? []) seen.add(to);
    }
    reachable.set(start, seen);
  }
  const inCircle = imports
    .filter(({ from, to }) => reachable.get(to)?.has(from));
  // Modules of one circle reach the same modules.
  return [
    ...Map.groupBy(
      inCircle,
      ({ from }) => [...reachable.get(from)!].sort().join(),
    ).values(),
  ];
}

/** A specifier as {@linkcode Import} has it. */
function nameOf(specifier: string): string {
  if (specifier.startsWith("npm:")) {
    // Without the version and the path in the package.
    return specifier.replace(/^npm:\/?(@?[^@/]+(?:\/[^@/]+)?)@.*$/, "npm:$1");
  }
  return specifier.startsWith(root.href)
    ? decodeURIComponent(specifier.slice(root.href.length))
    : specifier;
}

/** Runs a subcommand of Deno in the project. @returns What it printed. */
async function deno(...args: string[]): Promise<string> {
  const [subcommand, ...rest] = args;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      subcommand,
      `--config=${fileURLToPath(new URL("deno.json", root))}`,
      `--lock=${fileURLToPath(new URL("dev.lock", root))}`,
      ...rest,
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout);
}
