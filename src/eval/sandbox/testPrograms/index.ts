/** Programs that a sandbox must hold. */
import { endless } from "./endless.js";
import { files } from "./files.js";
import { forgeries } from "./forgeries.js";
import type { HostileProgram } from "./format.js";
import { memory } from "./memory.js";
import { network } from "./network.js";
import { processes } from "./processes.js";

export const hostilePrograms: readonly HostileProgram[] = [
  ...processes,
  ...memory,
  ...files,
  ...network,
  ...forgeries,
  ...endless,
];
