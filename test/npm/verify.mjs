// Verifies with jose what issue_token signed: one JSON object in, claims out.
import { importSPKI, jwtVerify } from 'jose'

const { token, spki, alg } = JSON.parse(process.argv[2])
const { payload, protectedHeader } = await jwtVerify(token, await importSPKI(spki, alg), { issuer: 'https://us.example', audience: 'services', algorithms: [alg] })
console.log(JSON.stringify({ payload, kid: protectedHeader.kid }))
