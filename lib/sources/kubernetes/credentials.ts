import { readFile } from 'node:fs/promises';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import type { Clock } from '../clock.ts';
import { isObject } from '../objects/fields.ts';
import { CredentialsError, type Material, type ServerIdentity } from './kubeconfig.ts';

/** What TLS needs to know. The same object as long as nothing in it changes. */
export interface TlsAccess {
  /** PEM; undefined for the authorities that Node trusts. */
  readonly ca: string | undefined;
  /** PEM. */
  readonly cert: string | undefined;
  /** PEM. */
  readonly key: string | undefined;
  readonly servername: string | undefined;
}

/** All that a request needs in order to be let in. */
export interface Access {
  readonly server: URL;
  readonly proxy: URL | undefined;
  readonly tls: TlsAccess;
  /** Authorization and impersonation. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Where a client gets its access. */
export interface AccessProvider {
  /** Rejects with CredentialsError. */
  access(): Promise<Access>;
  /** Says that the server has refused the access, so that the next is made anew. */
  renew(): void;
}

/** Milliseconds after which files are read again, as client-go has it: tokens are replaced well before they end. */
const freshness = 60_000;

/**
 * The access of an identity: its files are read again every minute, for tokens, certificates and authorities are replaced
 * while a process runs; its program is asked again when what it gave has expired or been refused.
 */
export class Credentials implements AccessProvider {
  readonly #identity: ServerIdentity;
  readonly #clock: Clock;
  #exec = new ExecAuth();
  #tls: TlsAccess | undefined;
  #access: Promise<Access> | undefined;
  #read = -Infinity;

  constructor(identity: ServerIdentity, clock: Clock) {
    this.#identity = identity;
    this.#clock = clock;
  }

  access(): Promise<Access> {
    const now = this.#clock.now();
    if (this.#access === undefined || now - this.#read >= freshness) {
      this.#read = now;
      const access = this.#make();
      this.#access = access;
      access.catch(() => {
        if (this.#access === access) this.#access = undefined;
      });
    }
    return this.#access;
  }

  renew(): void {
    this.#access = undefined;
    this.#exec = new ExecAuth();
  }

  async #make(): Promise<Access> {
    const { server, proxy, ca, cert, key, serverName, basic, impersonate } = this.#identity;
    const asked = await this.#ask();
    const token = asked.token ?? (await this.#token());
    const tls = {
      ca: await read(ca),
      cert: asked.cert ?? (await read(cert)),
      key: asked.key ?? (await read(key)),
      servername: serverName,
    };
    const authorization = token === undefined ? basicAuthorization(basic) : `Bearer ${token}`;
    return {
      server,
      proxy,
      tls: this.#same(tls),
      headers: {
        ...(authorization !== undefined && { authorization }),
        ...(impersonate !== undefined && { 'impersonate-user': impersonate }),
      },
    };
  }

  async #token(): Promise<string | undefined> {
    const { tokenFile, token } = this.#identity;
    if (tokenFile === undefined) return token;
    const text = (await readText(tokenFile)).trim();
    if (text !== '') return text;
    throw new CredentialsError(`expected a token in ${tokenFile}, got an empty file; write it anew`);
  }

  /** Asks the kubeconfig's program, if it names one. */
  async #ask(): Promise<{ token?: string; cert?: string; key?: string }> {
    const { exec } = this.#identity;
    if (exec === undefined) return {};
    const options: { headers: Record<string, string>; cert?: string; key?: string } = { headers: {} };
    try {
      await this.#exec.applyAuthentication(withExecInfo(exec), options);
    } catch (error) {
      const got = error instanceof Error ? error.message.trim() : String(error);
      throw new CredentialsError(
        `expected credentials from the exec plugin of user ${exec.name}, got: ${got}; run it by hand to see why`,
        { cause: error },
      );
    }
    const token = options.headers['Authorization']?.replace(/^Bearer /, '');
    return {
      ...(token !== undefined && { token }),
      ...(options.cert !== undefined && { cert: options.cert }),
      ...(options.key !== undefined && { key: options.key }),
    };
  }

  #same(tls: TlsAccess): TlsAccess {
    if (this.#tls === undefined || JSON.stringify(this.#tls) !== JSON.stringify(tls)) this.#tls = tls;
    return this.#tls;
  }
}

/** Programs want to be told in which version to answer (client.authentication.k8s.io), and that nobody can type. */
function withExecInfo(user: NonNullable<ServerIdentity['exec']>): NonNullable<ServerIdentity['exec']> {
  const exec = user.exec as { readonly apiVersion?: unknown; readonly env?: unknown };
  const env: unknown[] = Array.isArray(exec.env) ? exec.env : [];
  const info = { kind: 'ExecCredential', apiVersion: exec.apiVersion, spec: { interactive: false } };
  const told = { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) };
  return { ...user, exec: { ...exec, env: [told, ...env.filter(isObject)] } };
}

function basicAuthorization(basic: ServerIdentity['basic']): string | undefined {
  if (basic === undefined) return undefined;
  return `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}`;
}

async function read(material: Material | undefined): Promise<string | undefined> {
  if (material === undefined) return undefined;
  return 'file' in material ? readText(material.file) : Buffer.from(material.data, 'base64').toString();
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw new CredentialsError(`expected a readable file ${file}, got: ${got}; mount or restore it`, {
      cause: error,
    });
  }
}
