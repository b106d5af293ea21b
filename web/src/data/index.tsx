/** The data screen: files, and one of them. */
import "./data.css";
import { useRoute } from "../app/route";
import { FileList } from "./FileList";
import { FileView } from "./FileView";

export default function Data() {
  const [id] = useRoute().parts;
  return id === undefined ? <FileList /> : <FileView key={id} id={id} />;
}
