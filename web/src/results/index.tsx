/** The results screen: evaluations, and one of them. */
import "./results.css";
import { useRoute } from "../app/route";
import { ResultListView } from "./ResultListView";
import { ResultView } from "./ResultView";

export default function Results() {
  const [id] = useRoute().parts;
  return id === undefined ? <ResultListView /> : <ResultView key={id} id={id} />;
}
