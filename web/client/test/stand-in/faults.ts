/** What goes wrong in the stand-in, by order. */

/** Names of what can be broken. */
export type Call =
  | 'create'
  | 'sign'
  | 'report'
  | 'complete'
  | 'status'
  | 'cancel'
  | 'file'
  | 'ticket'
  | 'put';

/**
 * `refuse`: answered with an error, nothing done. `cut`: the connection ends while the request is read. `lose`: done, and
 * the answer is lost. `silence`: nothing is read or answered any more.
 */
export type Fault =
  | { kind: 'refuse'; status: number; code: string; retryAfter?: string; message?: string }
  | { kind: 'cut' }
  | { kind: 'lose' }
  | { kind: 'silence' };

interface Order {
  call: Call;
  fault: Fault;
  times: number;
  part: number | undefined;
}

/** Orders, each good for a number of calls. */
export class Faults {
  #orders: Order[] = [];

  /** The next `times` calls of this kind (of this part) go wrong. */
  order(call: Call, fault: Fault, times = 1, part?: number): void {
    this.#orders.push({ call, fault, times, part });
  }

  /** What goes wrong with this call. */
  next(call: Call, part?: number): Fault | undefined {
    const order = this.#orders.find(
      (one) => one.call === call && one.times > 0 && (one.part === undefined || one.part === part),
    );
    if (order) order.times--;
    return order?.fault;
  }

  /** Nothing goes wrong any more. */
  clear(): void {
    this.#orders = [];
  }
}
