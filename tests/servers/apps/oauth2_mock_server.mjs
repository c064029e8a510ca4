// oauth2-mock-server: takes every client and asks nobody; its tokens are JWTs.
import { OAuth2Server } from 'oauth2-mock-server';

import { options, untilStdinEnds } from './common.mjs';

const { port, origin } = options();
const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');
await server.start(port, '127.0.0.1');
server.issuer.url = origin;
untilStdinEnds({
    issuer: origin,
    jwks: `${origin}/jwks`,
    scopes: [],
    bound: false,
    options: ['--client-id', 'any', '--scope', 'notes'],
    registered: { client_id: 'any', token_endpoint_auth_method: 'none' }
});
