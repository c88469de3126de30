/**
 * `GET|POST /select/tenant_ids`: clients of LogsQL ask which tenants there are before they ask for logs. There is one here,
 * which has all that the token may read.
 */
import type { HttpRoute } from '../route.ts'

export const tenantIds: HttpRoute = {
  methods: ['GET', 'POST'],
  path: '/select/tenant_ids',
  action: 'query',
  summary: 'The one tenant that there is, for clients that ask: `[{"account_id":0,"project_id":0}]`.',
  async answer() {
    return [{ account_id: 0, project_id: 0 }]
  },
}
