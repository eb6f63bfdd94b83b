/** Opens a watch, never closes it, and ends. */
import { watchMemory } from "../../../pool/mod.ts";

watchMemory();
