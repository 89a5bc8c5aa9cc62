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

    /// Binds and listens. When a process that an earlier life of this cluster left behind still listens there, its
    /// socket is taken over: the connections that wait on it lose nothing.
    package func listen(run: String) throws(Unavailable) -> Descriptor {
        guard let parsed = SocketAddress(address) else {
            throw Unavailable(reason: "\(variable): \(address) is not a numeric address and port")
        }
        do {
            return try Socket.listen(on: parsed)
        } catch {
            guard error.code == EADDRINUSE else { throw Unavailable(reason: refusal(error)) }
        }
        let holders = AddressHolder.all(of: parsed)
        for holder in holders where ProcessTable.environment(of: holder.pid)?[ChildEnvironment.run] == run {
            if let taken = holder.takeSocket() { return taken }
        }
        throw Unavailable(reason: taken(by: holders.first))
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
