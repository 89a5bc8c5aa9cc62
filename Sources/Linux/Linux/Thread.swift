import CLinux
import Glibc

/// A thread of the operating system; see `pthread_create(3)`.
package struct Thread {
    private let handle: pthread_t

    private final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(_ name: String, _ run: @escaping @Sendable () -> Void) { (self.name, self.run) = (name, run) }
    }

    /// Starts a thread that ends with `body`.
    ///
    /// - Parameter name: what `ps -L` shows; its first 15 bytes.
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) -> Thread {
        var handle = pthread_t()
        let argument = Unmanaged.passRetained(Body(name, body)).toOpaque()
        let code = pthread_create(
            &handle, nil,
            { argument in
                let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
                clinux_name_thread(body.name)
                body.run()
                return nil
            }, argument)
        guard code == 0 else {
            Unmanaged<Body>.fromOpaque(argument).release()
            throw SystemError("pthread_create", code: code)
        }
        return Thread(handle: handle)
    }

    /// Waits until it has ended. Once.
    package func join() { pthread_join(handle, nil) }
}
