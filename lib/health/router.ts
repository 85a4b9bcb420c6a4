import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Log } from './log.ts';
import { type PiecedReply, type Reply, send, sendPieces, text } from './reply.ts';

/** Either form of an answer. */
export type AnyReply = Reply | PiecedReply;

/** What is answered at each path, to GET and to HEAD. The query of a request has no say. */
export type Routes = Readonly<Record<string, () => AnyReply | Promise<AnyReply>>>;

/** Answers 404 at other paths, 405 to other methods, and 500 where a route fails, which the log tells. */
export function router(routes: Routes, log: Log): RequestListener {
  return (request, response) => {
    const path = pathOf(request);
    // The promise is asked for even of a route that throws at once.
    const reply = new Promise<AnyReply>((resolve) => {
      resolve(replyTo(request.method, path, routes));
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

function replyTo(method: string | undefined, path: string, routes: Routes): AnyReply | Promise<AnyReply> {
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return text(404, '404 page not found\n');
  if (method === 'GET' || method === 'HEAD') return route();
  return text(405, 'Method Not Allowed\n', { Allow: 'GET, HEAD' });
}

function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = url.split('?');
  return path;
}
