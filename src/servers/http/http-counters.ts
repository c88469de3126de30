/** What the HTTP server counts: requests by route and status, how long they took, records that came. */

/** Upper bounds of the classes of durations, in seconds. */
export const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, Infinity] as const

export interface RouteCounters {
  requests: number
  /** By status code. */
  readonly statuses: Record<string, number>
  seconds: number
  /** How many took at most as long as the bound at the same place of DURATION_BOUNDS. */
  readonly within: number[]
}

/** Of requests that no route took. */
export const NO_ROUTE = 'none'

export class HttpCounters {
  readonly routes = new Map<string, RouteCounters>()
  requests = 0
  /** Answers with a status of 400 and more, refusals of what is no request included. */
  errors = 0
  /** By the first digit of the status. */
  readonly statuses = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 }
  bytesIn = 0
  /** Records that are durable. */
  records = 0
  /** Records and lines that were refused. */
  refused = 0
  /** Rows of answers. */
  rows = 0

  /** A request was answered, or its connection broke off. */
  answered(route: string, status: number, seconds: number): void {
    const counters = this.#of(route)
    counters.requests++
    counters.statuses[status] = (counters.statuses[status] ?? 0) + 1
    counters.seconds += seconds
    DURATION_BOUNDS.forEach((bound, index) => {
      if (seconds <= bound) counters.within[index]++
    })
    this.requests++
    this.countStatus(status)
  }

  countStatus(status: number): void {
    if (status >= 400) this.errors++
    const statusClass = `${Math.floor(status / 100)}xx`
    if (isStatusClass(statusClass)) this.statuses[statusClass]++
  }

  #of(route: string): RouteCounters {
    let counters = this.routes.get(route)
    if (counters === undefined) {
      counters = { requests: 0, statuses: {}, seconds: 0, within: DURATION_BOUNDS.map(() => 0) }
      this.routes.set(route, counters)
    }
    return counters
  }
}

type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx'

function isStatusClass(text: string): text is StatusClass {
  return /^[1-5]xx$/.test(text)
}
