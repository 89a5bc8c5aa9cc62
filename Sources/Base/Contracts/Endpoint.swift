import Nouns

/// Where an instance listens, and the token that its listener demands.
///
/// The same for all incarnations of one generation: while a crashed process is started again its connections wait in
/// the kernel's queue.
package struct Endpoint: Hashable, Sendable {
    package let instance: InstanceID
    package let generation: Generation
    package let port: UInt16
    /// A path with HTTP on a unix socket, where the instance has one: cheaper than the port.
    package let unix: String?
    /// A path that takes connections over, where the instance has one.
    package let handOff: String?
    /// Nil for kinds that cannot check one.
    package let token: Token?

    package init(
        instance: InstanceID, generation: Generation, port: UInt16, unix: String?, handOff: String?,
        token: Token?
    ) {
        (self.instance, self.generation, self.port) = (instance, generation, port)
        (self.unix, self.handOff, self.token) = (unix, handOff, token)
    }

    func write(to message: inout Message) {
        message.set("INSTANCE", instance)
        message.set("GENERATION", generation)
        message.set("PORT", port)
        message.set("UNIX", unix)
        message.set("HANDOFF", handOff)
        message.set("TOKEN", token?.hex)
    }

    init(reading message: Message) throws(Message.Malformed) {
        self.init(
            instance: try message.required("INSTANCE") { InstanceID($0) },
            generation: try message.required("GENERATION") { Generation($0) },
            port: try message.required("PORT") { UInt16($0) },
            unix: message["UNIX"], handOff: message["HANDOFF"],
            token: try message.optional("TOKEN") { Token($0) })
    }
}
