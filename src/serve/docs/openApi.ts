/** The parts of an OpenAPI 3.1 document that are looked at here. */

export interface SchemaObject {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, SchemaObject>;
  required?: string[];
  items?: SchemaObject;
  anyOf?: SchemaObject[];
  oneOf?: SchemaObject[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  [key: string]: unknown;
}

export interface MediaContent {
  [type: string]: { schema: SchemaObject };
}

export interface Parameter {
  name: string;
  in: "path" | "query" | "header" | "cookie";
  required?: boolean;
  description?: string;
  schema?: SchemaObject;
}

export interface Operation {
  operationId?: string;
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: MediaContent };
  responses: Record<string, { description: string; content?: MediaContent }>;
  security?: Record<string, string[]>[];
  hide?: boolean;
}

export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; [key: string]: unknown };
  servers?: { url: string }[];
  tags?: { name: string; description?: string }[];
  security?: Record<string, string[]>[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, SchemaObject>;
    securitySchemes?: Record<string, object>;
    [key: string]: unknown;
  };
}

/** What a schema is behind a reference to the components. */
export function resolveSchema(document: OpenApiDocument, schema: SchemaObject): SchemaObject {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : (document.components.schemas[name] ?? schema);
}
