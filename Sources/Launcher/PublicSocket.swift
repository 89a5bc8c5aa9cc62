import Contracts
import Glibc
import Linux

/// One of the addresses at which a cluster is reached from outside, and the variable that sets it.
package struct PublicSocket: Sendable {
    package let name: String
    package let variable: String
    package let address: String

    package init(name: String, variable: String, address: String) {
        (self.name, self.variable, self.address) = (name, variable, address)
    }

    /// What an operator is told.
    package struct Unavailable: Error, Hashable, Sendable {
        package let reason: String
    }

    /// Binds `count` sockets to the address and listens on each: the kernel spreads connections over them. When
    /// processes that an earlier life of this cluster left behind still listen there, their sockets are taken over: the
    /// connections that wait on them lose nothing.
    package func listen(run: String, count: Int = 1) throws(Unavailable) -> [Descriptor] {
        guard let parsed = SocketAddress(address) else {
            throw Unavailable(reason: "\(variable): \(address) is not a numeric address and port")
        }
        do {
            let sole = try Socket.listen(on: parsed)
            guard count > 1 else { return [sole] }
            let chosen = try Socket.localAddress(of: sole)
            // It has shown that nobody is there: sockets that share the port would be let in beside a stranger's.
            sole.close()
            return try Socket.listen(on: chosen, count: count)
        } catch {
            guard error.code == EADDRINUSE else { throw Unavailable(reason: refusal(error)) }
        }
        let holders = AddressHolder.all(of: parsed)
        var taken = KeptDescriptors()
        for holder in holders where ProcessTable.environment(of: holder.pid)?[ChildEnvironment.run] == run {
            if let socket = holder.takeSocket() { _ = taken.keep(socket, as: name) }
        }
        guard !taken.all.isEmpty else { throw Unavailable(reason: self.taken(by: holders.first)) }
        return taken.all.map(\.descriptor)
    }

    private func taken(by holder: AddressHolder?) -> String {
        let who = holder.map { "process \($0.pid) (\($0.name))" } ?? "another process"
        return "\(address) is taken by \(who). Stop it, or set \(variable) to another address."
    }

    private func refusal(_ error: SystemError) -> String {
        switch error.code {
        case EACCES: "\(address) is not allowed to this user. Set \(variable) to a port from 1024 on."
        case EADDRNOTAVAIL: "\(address) is not an address of this machine. Set \(variable) to one that is."
        default: "\(address) cannot be listened on: \(error). Set \(variable) to another address."
        }
    }
}
