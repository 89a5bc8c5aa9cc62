import Contracts
import Glibc
import Linux

/// Opens certificates for fronts, whose own users may not read what an operator gave to root alone.
enum CertificateFiles {
    /// Chain and key, as the lease channel carries them. Empty when one of them cannot be opened or is no file: the
    /// front then tries by itself, and says what is wrong.
    static func open(_ certificate: TLSSettings.Certificate) -> [Descriptor] {
        let files = [certificate.chain, certificate.key].compactMap(open)
        return files.count == 2 ? files : []
    }

    private static func open(_ path: String) -> Descriptor? {
        let number = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard number >= 0 else { return nil }
        let descriptor = Descriptor(number)
        var facts = stat()
        return fstat(number, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG ? descriptor : nil
    }
}
