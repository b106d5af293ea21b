/** Runs: the list, one of them, several over each other, and the form that starts one. */
import { lazy } from "react";
import { useRoute } from "../app/route";
import { RunListScreen } from "./list";
import "./runs.css";

// Charts and the form come only where they are shown.
const RunScreen = lazy(() => import("./run"));
const OverlayScreen = lazy(() => import("./overlay"));
const NewRunScreen = lazy(() => import("./form"));

export default function Runs() {
  const { parts, query } = useRoute();
  const [place] = parts;
  if (place === undefined) return <RunListScreen />;
  if (place === "new") return <NewRunScreen key={query.toString()} />;
  if (place === "overlay") return <OverlayScreen />;
  return <RunScreen key={place} id={place} />;
}
