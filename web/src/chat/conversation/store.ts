/** What this browser keeps: conversations and comparisons, in IndexedDB. */

/** Names of what is kept; each has entries with an `id`. */
export type StoreName = "conversations" | "comparisons";

const version = 1;
let opened: Promise<IDBDatabase> | null = null;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const opening = indexedDB.open("tunewright", version);
    opening.onupgradeneeded = () => {
      for (const name of ["conversations", "comparisons"] satisfies StoreName[]) {
        opening.result.createObjectStore(name, { keyPath: "id" });
      }
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  return opened;
}

async function run<T>(
  name: StoreName,
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const transaction = (await database()).transaction(name, mode);
  const request = act(transaction.objectStore(name));
  return await new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** All entries, as they were put. Rejects where the browser keeps nothing, as in some private windows. */
export async function readStored<T>(name: StoreName): Promise<T[]> {
  return (await run(name, "readonly", (store) => store.getAll())) as T[];
}

export async function readStoredOne<T>(name: StoreName, id: string): Promise<T | null> {
  return ((await run(name, "readonly", (store) => store.get(id))) as T | undefined) ?? null;
}

export async function putStored(name: StoreName, entry: { id: string }): Promise<void> {
  await run(name, "readwrite", (store) => store.put(entry));
}

export async function deleteStored(name: StoreName, id: string): Promise<void> {
  await run(name, "readwrite", (store) => store.delete(id));
}

/** An id that no other entry has. */
export function newId(): string {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
}
