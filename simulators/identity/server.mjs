// The embedded run's identity provider. Accounts and clients come from IDP_ACCOUNTS_FILE; state is in memory.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createHash, generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { Provider } from 'oidc-provider';

const port = Number(process.env.IDP_PORT);
const host = process.env.IDP_HOST ?? '127.0.0.1';
const issuer = process.env.IDP_ISSUER ?? `http://127.0.0.1:${port}`;
const { accounts, machines, publicClients } = JSON.parse(readFileSync(process.env.IDP_ACCOUNTS_FILE, 'utf8'));
const audience = 'hoso-api';
const resource = 'urn:hoso-api';
const byName = new Map(accounts.map((account) => [account.username, account]));
const machineRoles = new Map(machines.map((machine) => [machine.client_id, machine.roles]));
const MAX_FORM = 4096;

const digest = (text) => createHash('sha256').update(text).digest();
const same = (left, right) => timingSafeEqual(digest(left), digest(right));

const clients = [
  ...publicClients.map(({ client_id, redirect_uris }) => ({
    client_id,
    redirect_uris,
    application_type: 'web', // a native one would have to ask for consent each time
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
    response_types: ['code'],
  })),
  ...machines.map(({ client_id, secret }) => ({
    client_id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
  })),
];

// Without IDP_KEY_FILE the key is of this process alone: tokens of an earlier run are worth nothing.
const keyFile = process.env.IDP_KEY_FILE;
const newKey = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('hex'), use: 'sig', alg: 'RS256' };
};
const signing = keyFile && existsSync(keyFile) ? JSON.parse(readFileSync(keyFile, 'utf8')) : newKey();
if (keyFile && !existsSync(keyFile)) writeFileSync(keyFile, JSON.stringify(signing), { mode: 0o600 });

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [signing] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  pkce: { required: () => true },
  scopes: ['openid', 'offline_access'],
  claims: { openid: ['sub', 'name', 'roles', 'unit'] },
  conformIdTokenClaims: false,
  ttl: { AccessToken: 3600, ClientCredentials: 3600, Session: 3600, Grant: 3600, Interaction: 600, IdToken: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'openid',
        audience,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 3600,
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  async extraTokenClaims(_ctx, token) {
    if (token.kind === 'ClientCredentials') return { sub: token.clientId, roles: machineRoles.get(token.clientId) ?? [] };
    const account = byName.get(token.accountId);
    return account && { name: account.name, roles: account.roles, unit: account.unit };
  },
  findAccount: (_ctx, id) => {
    const account = byName.get(id);
    return account && {
      accountId: id,
      claims: () => ({ sub: id, name: account.name, roles: account.roles, unit: account.unit }),
    };
  },
  async loadExistingGrant(ctx) {
    // First-party clients: the grant is given without asking.
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid');
    grant.addResourceScope(resource, 'openid');
    await grant.save();
    return grant;
  },
  interactions: { url: (_ctx, interaction) => `/login/${interaction.uid}` },
});

const page = (uid, message) => `<!doctype html><html lang="vi"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Đăng nhập</title>
<style>body{font:16px/1.5 system-ui;max-width:22rem;margin:4rem auto;padding:0 1rem}label{display:block;margin:.8rem 0}
input{width:100%;padding:.5rem;font:inherit;box-sizing:border-box}button{padding:.6rem 1.2rem;font:inherit}
.wrong{color:#a00}</style>
<h1>Đăng nhập</h1>${message ? `<p class="wrong" role="alert">${message}</p>` : ''}
<form method="post" action="/login/${uid}">
<label>Tên đăng nhập<input name="username" autocomplete="username" required></label>
<label>Mật khẩu<input name="password" type="password" autocomplete="current-password" required></label>
<button>Đăng nhập</button></form></html>`;

async function form(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > MAX_FORM) throw new Error('form too large');
  }
  return new URLSearchParams(text);
}

async function login(request, response, uid) {
  await provider.interactionDetails(request, response);
  let message = '';
  if (request.method === 'POST') {
    const fields = await form(request);
    const account = byName.get(fields.get('username') ?? '');
    if (account && same(account.password, fields.get('password') ?? '')) {
      await provider.interactionFinished(request, response, { login: { accountId: account.username } });
      return;
    }
    message = 'Tên đăng nhập hoặc mật khẩu không đúng.';
  }
  response.writeHead(message ? 401 : 200, { 'content-type': 'text/html; charset=utf-8' }).end(page(uid, message));
}

const handle = provider.callback();
const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, issuer);
  if (pathname === '/healthz') {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"alive"}');
    return;
  }
  const uid = /^\/login\/([\w-]{1,64})$/.exec(pathname)?.[1];
  if (!uid) {
    handle(request, response);
    return;
  }
  try {
    await login(request, response, uid);
  } catch (error) {
    response.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' }).end(`${error.message}\n`);
  }
});
server.listen(port, host);
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
