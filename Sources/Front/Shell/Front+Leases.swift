import Contracts
import HTTP
import Linux
import Nouns
import Routing

/// What the supervisor and the platform say, and what is said to them.
extension Front {
    /// A request asks for its lease.
    func want(_ exchange: Exchange, deadline: Instant) {
        if let use = exchange.entry.use(exchange.holder.route.kind) { return exchange.proceed(use, wake: nil) }
        want(exchange as any LeaseWaiter, deadline: deadline)
    }

    func want(_ waiter: any LeaseWaiter, deadline: Instant) {
        if let use = book.use(waiter.instance) { return proceed(waiter, use, wake: nil) }
        waiters[waiter.number] = waiter
        perform(book.want(waiter.instance, by: waiter.number, deadline: deadline, at: loop.now))
        sweep(by: deadline)
    }

    private func proceed(_ waiter: any LeaseWaiter, _ use: LeaseBook.Use, wake: Duration?) {
        if let exchange = waiter as? Exchange { exchange.entry.remember(use) }
        waiter.proceed(use, wake: wake)
    }

    func giveUp(_ waiter: any LeaseWaiter) {
        waiters[waiter.number] = nil
        perform(book.giveUp(waiter.number, waiter.instance))
    }

    func misdirected(_ use: LeaseBook.Use) { perform(book.misdirected(use, at: loop.now)) }

    func perform(_ actions: [LeaseBook.Action]) {
        for action in actions {
            switch action {
            case .send(let message): supervisor?.send(message.message)
            case .proceed(let number, let use, let wake):
                if let waiter = waiters.removeValue(forKey: number) {
                    proceed(waiter, use, wake: wake)
                } else {
                    perform(book.ended(use, at: loop.now))
                }
            case .refuse(let number, let fault): waiters.removeValue(forKey: number)?.refuse(fault)
            case .abort(let instance, let generation, let fault): abort(instance, generation, fault)
            case .forget(_, let generation): pools.forget(generation)
            }
        }
    }

    private func abort(_ instance: InstanceID, _ generation: Generation, _ fault: Fault) {
        let all = exchanges.active.map { $0 as any LeaseWaiter } + redisClients.values.map { $0 as any LeaseWaiter }
        let concerned = all.filter { $0.use?.endpoint.generation == generation && $0.use?.instance == instance }
        for waiter in concerned.sorted(by: { $0.number < $1.number })
        where waiter.use?.endpoint.generation == generation {
            waiter.abort(fault)
        }
    }

    // MARK: The supervisor's channel

    /// Connects to the supervisor, now and whenever the connection is lost.
    package func joinSupervisor(at path: String) {
        supervisor = Channel(
            to: path, on: loop,
            onConnected: { [unowned self] in perform(book.connected(at: loop.now)) },
            onMessage: { [unowned self] in try received(LeaseChannel.FromSupervisor($0), $1) },
            onLost: { [unowned self] in book.disconnected() })
        supervisor?.open()
    }

    private func received(_ message: LeaseChannel.FromSupervisor, _ descriptors: [Descriptor]) throws {
        if case .certificate(_, let files) = message, descriptors.count == 2 {
            (openedFiles[files.chain], openedFiles[files.key]) = (descriptors[0], descriptors[1])
        }
        if try settings.apply(message) { configured() }
        perform(book.received(message, at: loop.now))
        sweepForLeases()
    }

    private func configured() {
        let limits = settings.limits
        book.linger = limits.linger
        keys.limit(to: limits.project)
        addresses.limit(to: limits.client, loops: commons.loopCount)
        requestScanner = RequestScanner(HeadLimits(bytesMax: limits.headMax, fieldsMax: limits.fieldsMax))
        readCertificates()
        onConfigured?()
    }

    // MARK: The platform's channel

    /// Begins with what the platform's file says: a front can serve while the platform is down.
    package func begin(with snapshot: KeySnapshot) { keys.begin(snapshot) }

    /// Connects to the platform, now and whenever the connection is lost.
    package func joinPlatform(at path: String) {
        platform = Channel(
            to: path, on: loop,
            onConnected: { [unowned self] in
                say(.hello(version: KeyChannel.version, table: keys.version))
            },
            onMessage: { [unowned self] message, _ in
                let message = try KeyChannel.FromPlatform(message)
                let table = try keys.apply(message)
                perform(tokens.received(message, at: loop.now))
                keysChanged()
                // Other limits may let in who waits.
                if !room.isEmpty { admitWaitingSoon() }
                // Said when nobody is on the way any more who came with an old key.
                if let table { say(.seen(table: table)) }
            },
            onLost: { [unowned self] in perform(tokens.disconnected()) })
        platform?.open()
    }

    private func say(_ message: KeyChannel.FromFront) { platform?.send(message.message) }
}
