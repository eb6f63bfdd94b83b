/**
 * Calls everything that opens files, and prints the errors.
 *
 * Arguments: <bin file> <directory with bin files> <package> <target>
 */
import {
  BinfilesError,
  compareFiles,
  DocReader,
  DocWriter,
  FileError,
  MemorySink,
  merge,
  openFile,
  openInput,
  packageFiles,
  type PermissionError,
  repack,
  repackDirectory,
  scan,
  unpack,
} from "../../../mod.ts";

const [source, directory, pack, target] = Deno.args;
const calls: Record<string, () => unknown> = {
  "new DocReader": () => new DocReader(source),
  "new DocWriter": () => new DocWriter(target),
  "new DocWriter, appending": () => new DocWriter(target, { append: true }),
  openFile: () => openFile(source),
  openInput: () => openInput(pack),
  repack: () => repack({ source, target }),
  "repack from memory": () => repack({ source: new Uint8Array(0), target }),
  "repack to memory": () => repack({ source, target: new MemorySink() }),
  "repack to parts": () => repack({ source, target, split: 5 }),
  merge: () => merge({ sources: [source], target }),
  scan: () => scan({ source }),
  "scan of a package": () => scan({ source: pack }),
  unpack: () => unpack({ source, target }),
  packageFiles: () => packageFiles({ source: directory, target }),
  compareFiles: () => compareFiles(source, pack),
  repackDirectory: () => repackDirectory({ source: directory, target }),
};
const errors: Record<string, unknown> = {};
for (const [name, call] of Object.entries(calls)) {
  try {
    await call();
  } catch (error) {
    const { file, flag } = error as PermissionError;
    errors[name] = {
      isBinfilesError: error instanceof BinfilesError,
      isFileError: error instanceof FileError,
      name: (error as Error).name,
      cause: (error as Error & { cause?: Error }).cause?.name,
      ...{ file, flag, message: (error as Error).message },
    };
  }
}
console.log(JSON.stringify(errors));
