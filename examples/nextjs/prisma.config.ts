import { defineConfig } from 'prisma/config'

// The schema is made from SQL (db/schema.sql), so only `prisma generate` is needed, and no connection.
export default defineConfig({ schema: 'prisma/schema.prisma' })
