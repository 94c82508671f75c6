/** HTTP as one user's client: its own connections and cookies, and nothing sent that was not asked for. */
declare module "runner/http" {
  /** A time with its unit: "250ms", "5s", "2m". */
  export type Duration = string;

  export interface Options {
    /** Header fields, in this order and case. null takes a default header (User-Agent, Host) away. */
    headers?: Record<string, string | number | (string | number)[] | null>;
    /** Added to the URL's query. A list repeats its name. */
    query?: string | Record<string, unknown>;
    /** The body as JSON. A request has one of json, form, multipart and body. */
    json?: unknown;
    /** The body as application/x-www-form-urlencoded. */
    form?: string | Record<string, unknown>;
    /** The body as multipart/form-data. */
    multipart?: Record<string, Part | Part[]>;
    /** The body as it is. */
    body?: string | ArrayBuffer | ArrayBufferView | File | null;
    /** Of the whole call, redirects included; 60 s unless set. */
    timeout?: Duration;
    /** Tags of this request's metrics; `name` is what it is called there instead of its URL without the query. */
    tags?: Record<string, string | number | boolean>;
    /** How many redirects are followed; 10 unless set, 0 or false for none. */
    redirects?: number | false;
    /** What r.body is: text, an ArrayBuffer, or null (the body is read and dropped). */
    responseType?: "text" | "binary" | "none";
    /** Throw when there is no answer, or when its status is not among `expect`. */
    throws?: boolean;
    /** Statuses that do not count as failed: 200, "2xx", "200-299". Any from 100 to 399 unless set. */
    expect?: number | string | (number | string)[];
    auth?: Auth | null;
    /** Cookies on top of the jar's; false leaves the jar out of this request. */
    cookies?: Record<string, string> | boolean;
    /** The largest body that is kept: bytes, or "64MB". */
    maxBodySize?: number | string;
    /** Ask for a compressed body: true for gzip, deflate, br and zstd, or a list such as "gzip, br". */
    compression?: boolean | string;
    /** "auto" (HTTP/2 where TLS agrees on it), "1.1", or "2" (in the clear with prior knowledge). */
    version?: "auto" | "1.1" | "2";
    /** A unix socket to connect to; the URL still gives Host and path. */
    socket?: string;
    /** A connection of its own, closed afterwards. */
    newConnection?: boolean;
  }

  export type Auth =
    | { type?: "basic"; username: string; password?: string }
    | { type: "digest"; username: string; password?: string }
    | { type?: "bearer"; token: string };

  export type Part = string | number | ArrayBuffer | ArrayBufferView | File
    | { data: string | ArrayBuffer | ArrayBufferView | File; filename?: string; contentType?: string };

  /** A file on disk as a body, streamed by every request; no user holds a copy. */
  export interface File { readonly path: string; readonly name: string; readonly type: string; readonly size: number }
  export function file(path: string, options?: { filename?: string; contentType?: string }): File;

  export interface Headers {
    /** The values of a field, joined by ", "; null if there is none. Names in any case. */
    get(name: string): string | null;
    getAll(name: string): string[];
    has(name: string): boolean;
    /** Name and value of every field, in the answer's order and case. */
    readonly all: [string, string][];
  }

  /** In milliseconds, over all redirects. */
  export interface Timings {
    readonly blocked: number;
    readonly dns: number;
    readonly connect: number;
    readonly tls: number;
    readonly send: number;
    readonly wait: number;
    readonly receive: number;
    /** send + wait + receive. */
    readonly response: number;
    /** From the call to the last byte. */
    readonly duration: number;
  }

  export interface HTTPError {
    readonly kind: "dns" | "connect" | "tls" | "proxy" | "timeout" | "reset" | "closed" | "truncated" | "malformed"
      | "too-large" | "redirect" | "decode" | "body" | "status" | "canceled" | "generator";
    readonly message: string;
    readonly cause: string | null;
  }

  export interface Response {
    /** 0 if no whole answer came. */
    readonly status: number;
    /** status is from 200 to 299. */
    readonly ok: boolean;
    readonly statusText: string;
    /** Of the last request, after redirects. */
    readonly url: string;
    /** "HTTP/1.1", "HTTP/2.0". */
    readonly proto: string;
    readonly headers: Headers;
    /** What the answer sets, by name. */
    readonly cookies: Record<string, { value: string; path?: string; domain?: string; expires?: string; maxAge?: number; secure: boolean; httpOnly: boolean }>;
    readonly body: string | ArrayBuffer | null;
    text(): string;
    /** The body as JSON, or the part at a path such as "users.0.name". */
    json(path?: string): any;
    bytes(): Uint8Array;
    readonly error: HTTPError | null;
    readonly timings: Timings;
    /** Requests that were put on the wire, redirects included. */
    readonly attempts: number;
    readonly redirects: { url: string; status: number; location: string }[];
    /** The limit of redirects was reached, and this is the last answer. */
    readonly redirectsExhausted: boolean;
    readonly trailers: Record<string, string>;
    readonly remoteAddress: string;
    readonly bytesSent: number;
    readonly bytesReceived: number;
    /** Bytes of the body as it came, and without its Content-Encoding. Reading the second decodes it. */
    readonly encodedBodySize: number;
    readonly decodedBodySize: number;
  }

  /** A URL with what it is called in the figures: see `url`. */
  export interface NamedURL {
    readonly href: string;
    readonly name: string;
  }
  /**
   * A template whose values do not become part of the name in the figures: http.get(http.url`/users/${id}`)
   * is counted as /users/{}, whatever the id. A value at its beginning that is a base URL stays.
   */
  export function url(strings: TemplateStringsArray, ...values: any[]): NamedURL;

  export function get(url: string | URL | NamedURL, options?: Options): Response;
  export function post(url: string | URL | NamedURL, options?: Options): Response;
  export function put(url: string | URL | NamedURL, options?: Options): Response;
  export function patch(url: string | URL | NamedURL, options?: Options): Response;
  export function del(url: string | URL | NamedURL, options?: Options): Response;
  export function head(url: string | URL | NamedURL, options?: Options): Response;
  export function options(url: string | URL | NamedURL, options?: Options): Response;
  export function request(method: string, url: string | URL | NamedURL, options?: Options): Response;

  /** Sends requests side by side, 6 at once unless set, and gives the answers in order. */
  export function batch(requests: (string | URL | ({ method?: string; url: string | URL } & Options))[], options?: { parallel?: number }): Response[];

  export interface ServerEvent {
    /** "message" unless the server says otherwise. */
    readonly event: string;
    readonly data: string;
    readonly id: string;
    /** When it arrived, in milliseconds from the call. */
    readonly at: number;
  }

  export interface StreamOptions extends Options {
    /** GET unless set. */
    method?: string;
    /** Called for each event; false ends the stream. */
    onEvent?: (event: ServerEvent) => unknown;
    /** How many tokens an event has, for the metrics sse.tokens and sse.tokens_per_second. */
    tokens?: (event: ServerEvent) => number;
  }

  /** Goes over the events as they arrive; leaving the loop ends the stream. */
  export interface EventStream extends IterableIterator<ServerEvent> {
    /** null until the stream has ended. */
    readonly response: (Response & { readonly events: number }) | null;
    close(): void;
  }

  /**
   * Reads server-sent events. With onEvent the answer is returned when the stream has ended; without,
   * an iterator. An answer that is no event stream is one like any other. The timeout is that of the
   * whole stream. Nothing reconnects by itself.
   */
  export function sse(url: string | URL | NamedURL, options: StreamOptions & { onEvent: (event: ServerEvent) => unknown }): Response & { readonly events: number };
  export function sse(url: string | URL | NamedURL, options?: StreamOptions): EventStream;

  /**
   * The same functions over connections that all users of the scenario on this node share, without
   * cookies: for those who mean a pool, as a server in the middle has one. Users have their own otherwise.
   */
  export function shared(): Omit<typeof http, "shared">;

  /** The same functions, returning promises. */
  export const async: {
    sse(url: string | URL | NamedURL, options: StreamOptions & { onEvent: (event: ServerEvent) => unknown }): Promise<Response & { readonly events: number }>;
    get(url: string | URL | NamedURL, options?: Options): Promise<Response>;
    post(url: string | URL | NamedURL, options?: Options): Promise<Response>;
    put(url: string | URL | NamedURL, options?: Options): Promise<Response>;
    patch(url: string | URL | NamedURL, options?: Options): Promise<Response>;
    del(url: string | URL | NamedURL, options?: Options): Promise<Response>;
    head(url: string | URL | NamedURL, options?: Options): Promise<Response>;
    options(url: string | URL | NamedURL, options?: Options): Promise<Response>;
    request(method: string, url: string | URL | NamedURL, options?: Options): Promise<Response>;
  };

  const http: {
    get: typeof get; post: typeof post; put: typeof put; patch: typeof patch; del: typeof del; head: typeof head;
    options: typeof options; request: typeof request; batch: typeof batch; file: typeof file; sse: typeof sse; shared: typeof shared; async: typeof async; url: typeof url;
  };
  export default http;
}

declare module "http" {
  export * from "runner/http";
  export { default } from "runner/http";
}
