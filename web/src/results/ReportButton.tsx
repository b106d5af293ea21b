import { useState } from "react";
import { ApiError, request } from "../api/client";
import { useRoute } from "../app/route";
import { bothLanguages, useLanguage, useTexts } from "../language";
import { Button } from "../ui";

const texts = bothLanguages(
  { save: "Save the report", saving: "Writing the report …" },
  { save: "保存报告", saving: "正在生成报告……" },
);

/** Saves the whole report as one HTML file that needs nothing else. */
export function ReportButton({ id }: { id: string }) {
  const t = useTexts(texts);
  const [language] = useLanguage();
  const route = useRoute();
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const save = async () => {
    setBusy(true);
    setFailure("");
    const query = new URLSearchParams({ language });
    const other = route.query.get("with");
    if (other !== null) query.set("with", other);
    try {
      // Asked for by a script, so that the key goes with it.
      const response = await request(`api/results/${encodeURIComponent(id)}/report?${query}`);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await response.blob());
      link.download = "report.html";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      setFailure(error instanceof ApiError ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <>
      <Button disabled={isBusy} onClick={() => void save()}>
        {isBusy ? t.saving : t.save}
      </Button>
      {failure && (
        <span className="small bad-text" role="alert">
          {failure}
        </span>
      )}
    </>
  );
}
