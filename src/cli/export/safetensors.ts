/** Exports a model as a folder in Hugging Face's layout, with its adapters merged. */
import { describeModel } from "../modelOut/report.js";
import { writeFolder } from "../modelOut/writeFolder.js";
import type { WriteForm } from "./writeForm.js";

export const exportSafetensors: WriteForm = async (place, flags, say) => {
  const options = { say, dequantizes: true, asLlama: flags.as === "llama" };
  const { out, ...report } = await writeFolder(place, flags, options);
  return { out, lines: describeModel({ out, ...report }), json: report };
};
