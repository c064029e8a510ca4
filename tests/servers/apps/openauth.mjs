// OpenAuth with its own password pages: it knows no clients, and any client_id will do.
import { serve } from '@hono/node-server';
import { issuer } from '@openauthjs/openauth';
import { PasswordProvider, ScryptHasher } from '@openauthjs/openauth/provider/password';
import { MemoryStorage } from '@openauthjs/openauth/storage/memory';
import { createSubjects } from '@openauthjs/openauth/subject';
import { PasswordUI } from '@openauthjs/openauth/ui/password';
import { object, string } from 'valibot';

import { options, untilStdinEnds } from './common.mjs';

const { port, origin } = options();
const storage = MemoryStorage();
await storage.set(['email', 'ada@example.com', 'password'], await ScryptHasher().hash('ada'));
const app = issuer({
    storage,
    subjects: createSubjects({ user: object({ email: string() }) }),
    providers: { password: PasswordProvider(PasswordUI({ sendCode: async () => {} })) },
    success: (answer, value) => answer.subject('user', { email: value.email })
});
serve({ fetch: app.fetch, hostname: '127.0.0.1', port });
untilStdinEnds({
    issuer: origin,
    jwks: `${origin}/.well-known/jwks.json`,
    scopes: [],
    bound: false,
    // It promises no PKCE, though it does it, and leaves token_type out of its answers.
    options: ['--client-id', 'any', '--allow', 'as-pkce-absent', '--allow', 'token-no-type'],
    registered: { client_id: 'any', token_endpoint_auth_method: 'none' }
});
// What it logs of each request would stand in the way of the one line that is read.
console.log = console.error;
