/** All routes. A new one is a file of routes/ and a row here; docs/http.md lists them, and a test holds it level. */
import type { HttpRoute } from './route.ts'
import { apiData } from './routes/api-data.ts'
import { apiEcho } from './routes/api-echo.ts'
import { apiStats } from './routes/api-stats.ts'
import { apiStatus } from './routes/api-status.ts'
import { deleteTask, getTasks, postDelete } from './routes/deletions.ts'
import { health } from './routes/health.ts'
import { insertJsonline } from './routes/insert-jsonline.ts'
import { metrics } from './routes/metrics.ts'
import { postLogs } from './routes/post-logs.ts'
import { getQueries, oneQuery } from './routes/queries.ts'
import { ready } from './routes/ready.ts'
import { selectFacets } from './routes/select-facets.ts'
import { selectHits } from './routes/select-hits.ts'
import { selectQuery } from './routes/select-query.ts'
import { selectStats, selectStatsRange } from './routes/select-stats.ts'
import { selectTail } from './routes/select-tail.ts'
import { selectValues } from './routes/select-values.ts'
import { staticFile } from './routes/static-file.ts'
import { statusPage } from './routes/status-page.ts'
import { storageExport, storageImport, storageParts } from './routes/storage-parts.ts'
import { storageBackup, storageReport, storageVerify } from './routes/storage-upkeep.ts'
import { storageFlush, storageMerge } from './routes/storage-work.ts'
import { tenantIds } from './routes/tenant-ids.ts'

export const ROUTES: readonly HttpRoute[] = [
  postLogs,
  insertJsonline,
  selectQuery,
  selectTail,
  selectHits,
  selectFacets,
  selectStats,
  selectStatsRange,
  ...selectValues,
  tenantIds,
  getQueries,
  oneQuery,
  postDelete,
  getTasks,
  deleteTask,
  storageFlush,
  storageMerge,
  storageVerify,
  storageReport,
  storageBackup,
  storageParts,
  storageExport,
  storageImport,
  health,
  ready,
  metrics,
  statusPage,
  staticFile,
  apiStatus,
  apiStats,
  apiEcho,
  apiData,
]

/** The route of a path, whatever the method. */
export function routeOf(path: string): HttpRoute | null {
  return ROUTES.find((route) => isOf(route, path)) ?? null
}

function isOf(route: HttpRoute, path: string): boolean {
  return route.path.endsWith('/*') ? path.startsWith(route.path.slice(0, -1)) : route.path === path
}
