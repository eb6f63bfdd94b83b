/**
 * Whether recovery is there. It is a third of the code that reads a bin file, and
 * most pages do without, so `register.ts` has to be imported for it.
 */
import { OptionError } from "../../pool/errors.ts";
import type { ContentCheck } from "./content_check.ts";
import type { Recovery } from "./recovery.ts";
import type { resync } from "./resync.ts";

/** What recovery consists of. */
export interface RecoverySupport {
  /** Finds sound records in a source. */
  Recovery: typeof Recovery;
  /** Finds a record at or after an offset. */
  resync: typeof resync;
  /** Recognizes contents. */
  ContentCheck: typeof ContentCheck;
}

let support: RecoverySupport | undefined;

/** Makes recovery available. */
export function registerRecovery(recovery: RecoverySupport): void {
  support = recovery;
}

/** Returns what recovery consists of; undefined if it is not there. */
export function findRecovery(): RecoverySupport | undefined {
  return support;
}

/**
 * Returns what recovery consists of.
 *
 * @throws {OptionError} It is not there.
 */
export function requireRecovery(): RecoverySupport {
  if (support !== undefined) return support;
  throw new OptionError(
    "Cannot skip errors: recovery is not loaded. " +
      'Import "@binfiles/binfiles/recovery", or "@binfiles/binfiles", which has it.',
  );
}
