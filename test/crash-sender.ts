/**
 * The load of crash rounds, in a process of its own: several clients that send unique messages as fast as they are
 * acknowledged, each in its own way, until their connection ends. Started with `fork`, for one task after another; tells
 * its parent how far it is, and at the end of each what was sent and which of it was acknowledged.
 */
import { sendBatches, sendStreams } from './crash-http-client.ts'
import { CrashLedger } from './crash-ledger.ts'
import { sendOverSocket } from './crash-socket-client.ts'
import type { ClientReport, SenderMessage, SenderTask } from './crash-ways.ts'

const PROGRESS_STEP = 25

/** Sends until the connection ends. */
async function runClient(ledger: CrashLedger): Promise<ClientReport> {
  const { way } = ledger
  if (way === 'post') await sendBatches(ledger)
  else if (way === 'stream') await sendStreams(ledger)
  else await sendOverSocket(ledger, way)
  return ledger.report()
}

function tell(message: SenderMessage): Promise<void> {
  return new Promise((resolve) => {
    // A parent that is gone needs no news.
    if (process.send === undefined || !process.connected) resolve()
    else process.send(message, () => resolve())
  })
}

async function runTask(task: SenderTask): Promise<void> {
  let acknowledged = 0
  let told = 0
  const count = (more: number): void => {
    acknowledged += more
    if (acknowledged - told < PROGRESS_STEP) return
    told = acknowledged
    void tell({ kind: 'progress', acknowledged })
  }
  const clients = task.clients.map((_, index) => runClient(new CrashLedger(task, index, count)))
  await tell({ kind: 'reports', reports: await Promise.all(clients) })
}

process.on('message', (task) => void runTask(task as SenderTask))
process.once('disconnect', () => process.exit())
