import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Log } from './log.ts';
import { type PiecedReply, type Reply, send, sendPieces, text } from './reply.ts';

/** Either form of an answer. */
export type AnyReply = Reply | PiecedReply;

/** What is answered to every method; to HEAD without the body. */
type Answer = () => AnyReply | Promise<AnyReply>;

/** What is answered at one path: to every method, or to GET and HEAD, and to PUT, with what was put. */
export type Route =
  Answer | { readonly get: Answer; readonly put: (body: string, request: IncomingMessage) => AnyReply };

/** What is answered at each path. The query of a request has no say. */
export type Routes = Readonly<Record<string, Route>>;

/** Characters that may be put: what may be is short. */
const longestBody = 1024;

/**
 * Answers 404 at other paths, and 500 where a route fails, which the log tells. What is only read is answered to every
 * method, as by kube-proxy: HAProxy's health checks come with OPTIONS unless told otherwise. What can be put is answered
 * with 405 to others.
 */
export function router(routes: Routes, log: Log): RequestListener {
  return (request, response) => {
    const path = pathOf(request);
    // The promise is asked for even of a route that throws at once.
    const reply = new Promise<AnyReply>((resolve) => {
      resolve(replyTo(request, path, routes));
    });
    void reply
      .then((given) => {
        if ('pieces' in given) return sendPieces(response, given);
        send(response, given);
        return undefined;
      })
      .catch((error: unknown) => {
        if (isLeaving(error)) return;
        log.error({ path, err: error }, 'a request could not be answered');
        end(response);
      });
  };
}

/** Whether it is only the client that did not wait for the end. */
function isLeaving(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** Says that it failed, where nothing has been said yet. */
function end(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else send(response, text(500, 'Internal Server Error\n'));
}

function replyTo(request: IncomingMessage, path: string, routes: Routes): AnyReply | Promise<AnyReply> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return text(404, '404 page not found\n');
  if (typeof route === 'function') return route();
  const { method } = request;
  if (method === 'PUT') return putReply(request, route.put);
  return method === 'GET' || method === 'HEAD' ? route.get() : notAllowed('GET, HEAD, PUT');
}

function notAllowed(methods: string): Reply {
  return text(405, 'Method Not Allowed\n', { Allow: methods });
}

async function putReply(
  request: IncomingMessage,
  put: (body: string, request: IncomingMessage) => AnyReply,
): Promise<AnyReply> {
  let body = '';
  for await (const part of request.setEncoding('utf8') as AsyncIterable<string>) {
    body += part;
    if (body.length > longestBody) return text(413, 'Payload Too Large\n');
  }
  return put(body, request);
}

function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = url.split('?');
  return path;
}
