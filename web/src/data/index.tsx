import type { DataList } from "../../../src/serve/schema";
import { useResource } from "../api/useResource";
import { Loaded } from "../ui";

export default function Data() {
  const list = useResource<DataList>("api/data");
  return (
    <Loaded resource={list}>
      {({ files }) => files.map(({ id, name }) => <p key={id}>{name}</p>)}
    </Loaded>
  );
}
