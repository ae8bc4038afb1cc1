/** What one would write with Express and nothing else. */
import express from 'express';
import { allowed, listen } from './listen.ts';

const app = express();
app.disable('etag');
app.disable('x-powered-by');
app.use(express.json({ limit: '8mb' }));
app.post('/validate/openbaoclusters', (request, response) => void response.json(allowed(request.body)));
listen(app);
