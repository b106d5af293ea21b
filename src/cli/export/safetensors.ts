/** Exports a model as a folder in Hugging Face's layout, with its adapters merged. */
import { ConfigError } from "../../util/errors.js";
import { describeModel } from "../modelOut/report.js";
import { writeFolder } from "../modelOut/writeFolder.js";
import type { WriteForm } from "./writeForm.js";

export const exportSafetensors: WriteForm = async (place, flags, say) => {
  if (flags.type) {
    throw new ConfigError("--type is for GGUF files", {
      todo: "say the type of the weights with --dtype, for instance --dtype bfloat16",
    });
  }
  const options = { say, dequantizes: true, asLlama: flags.as === "llama" };
  const { out, ...report } = await writeFolder(place, flags, options);
  return { out, lines: describeModel({ out, ...report }), json: report };
};
