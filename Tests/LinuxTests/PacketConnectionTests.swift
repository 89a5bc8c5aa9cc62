import CLinux
import Contracts
import Glibc
import Linux
import Testing

@Suite struct PacketConnectionTests {
    private let loop: EventLoop
    private let a: PacketConnection
    private let b: PacketConnection

    init() throws {
        loop = try EventLoop()
        let (first, second) = try Socket.pair(.packets)
        a = try PacketConnection(first, on: loop)
        b = try PacketConnection(second, on: loop)
    }

    private func numbered(_ number: Int, size: Int = 0) -> Message {
        var message = Message("number", body: [UInt8](repeating: 7, count: size))
        message.set("N", number)
        return message
    }

    @Test func `carries messages both ways in order`() throws {
        var (atA, atB): ([Message], [Message]) = ([], [])
        a.onMessage = { message, _ in atA.append(message) }
        b.onMessage = { message, _ in
            atB.append(message)
            self.b.send(message)
        }
        let sent = (0..<5).map { numbered($0, size: $0 * 1000) }
        for message in sent { a.send(message) }
        try loop.turn { atA.count == 5 }
        #expect(atB == sent)
        #expect(atA == sent)
    }

    @Test func `carries descriptors that stay usable and close-on-exec`() throws {
        let scratch = Scratch()
        var got: [Descriptor] = []
        b.onMessage = { _, descriptors in got = descriptors }
        var files: [Descriptor] = []
        for index in 0..<PacketConnection.descriptorsMax {
            files.append(Descriptor(open(scratch["\(index)"], O_CREAT | O_RDWR, 0o600)))
        }
        a.send(numbered(1), files)
        files = []
        try loop.turn { !got.isEmpty }
        #expect(got.count == PacketConnection.descriptorsMax)
        for (index, descriptor) in got.enumerated() {
            #expect(target(of: descriptor.number) == scratch["\(index)"])
            #expect(fcntl(descriptor.number, F_GETFD) & FD_CLOEXEC != 0)
        }
    }

    @Test func `keeps what the kernel has no room for, with its descriptors, and says when it is sent`() throws {
        let count = 40
        var numbers: [Int] = []
        var drained = 0
        var pipes = 0
        a.onDrained = { drained += 1 }
        for number in 0..<count {
            var ends: [Int32] = [-1, -1]
            #expect(pipe(&ends) == 0)
            close(ends[1])
            a.send(numbered(number, size: 20_000), [Descriptor(ends[0])])
        }
        #expect(a.queuedPackets > 0)
        #expect(a.queuedBytes > a.queuedPackets * 20_000)
        b.onMessage = { message, descriptors in
            numbers.append(Int(message["N"]!)!)
            pipes += descriptors.filter { target(of: $0.number)?.hasPrefix("pipe:") == true }.count
        }
        try loop.turn { numbers.count == count }
        try loop.turn { drained == 1 }
        #expect(numbers == Array(0..<count))
        #expect(pipes == count)
        #expect(a.queuedPackets == 0)
        #expect(a.queuedBytes == 0)
    }

    @Test func `ends the connection of a peer that does not read, from the loop and once`() throws {
        var endings: [PacketConnection.Ending] = []
        a.onClosed = { endings.append($0) }
        for number in 0..<200 { a.send(numbered(number, size: 20_000)) }
        #expect(endings.isEmpty)
        #expect(a.queuedBytes <= PacketConnection.Limits().queueBytesMax)
        try loop.turn { !endings.isEmpty }
        a.send(numbered(1))
        try loop.turn(wait: .zero)
        #expect(endings == [.overflowed])
        #expect(!a.isOpen)
    }

    @Test func `limits the number of queued packets too`() throws {
        var limits = PacketConnection.Limits()
        limits.queuePacketsMax = 3
        let (first, second) = try Socket.pair(.packets)
        let connection = try PacketConnection(first, on: loop, limits: limits)
        var endings: [PacketConnection.Ending] = []
        connection.onClosed = { endings.append($0) }
        var sent = 0
        while connection.queuedPackets < 3 {
            connection.send(numbered(sent))
            sent += 1
        }
        try loop.turn(wait: .zero)
        #expect(endings.isEmpty)
        connection.send(numbered(sent))
        try loop.turn { !endings.isEmpty }
        #expect(endings == [.overflowed])
        #expect(second.number >= 0)
    }

    @Test func `hears all that a peer said before it closed, even when the peer did not read`() throws {
        var heard: [String] = []
        b.onMessage = { message, _ in heard.append(message["N"]!) }
        b.onClosed = { ending in heard.append("\(ending)") }
        b.send(numbered(9))
        for number in 0..<3 { a.send(numbered(number)) }
        a.close()
        b.send(numbered(10))
        try loop.turn { !b.isOpen }
        #expect(heard == ["0", "1", "2", "peerClosed"])
    }

    @Test func `does not call back after its own close`() throws {
        var calls = 0
        a.onMessage = { _, _ in
            calls += 1
            self.a.close()
        }
        a.onClosed = { _ in calls += 1 }
        b.send(numbered(1))
        b.send(numbered(2))
        var isEnded = false
        b.onClosed = { _ in isEnded = true }
        try loop.turn { isEnded }
        #expect(calls == 1)
    }

    @Test(arguments: [Array("nonsense".utf8), Array("X=1\n".utf8), [UInt8](repeating: 65, count: Message.bytesMax + 1)])
    func `ends the connection of a peer that sends no message`(bytes: [UInt8]) throws {
        let (first, second) = try Socket.pair(.packets)
        let connection = try PacketConnection(first, on: loop)
        var ending: PacketConnection.Ending?
        connection.onClosed = { ending = $0 }
        #expect(send(second.number, bytes, bytes.count, 0) == bytes.count)
        try loop.turn { ending != nil }
        guard case .malformed = ending else {
            Issue.record("ended by \(ending!)")
            return
        }
    }

    @Test func `ends the connection of a peer that sends too many descriptors and keeps none of them`() throws {
        let (first, second) = try Socket.pair(.packets)
        let connection = try PacketConnection(first, on: loop)
        var ending: PacketConnection.Ending?
        connection.onClosed = { ending = $0 }
        let scratch = Scratch()
        let file = scratch["probe"]
        let probe = Descriptor(open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0o600))
        #expect(sendRights(probe.number, count: PacketConnection.descriptorsMax + 4, over: second.number))
        try loop.turn { ending != nil }
        guard case .malformed = ending else {
            Issue.record("ended by \(ending!)")
            return
        }
        let copies = (0..<20_000).filter { target(of: $0) == file }
        #expect(copies == [probe.number])
    }

    @Test func `admits those who may connect`() throws {
        let scratch = Scratch()
        var connections: [PacketConnection] = []
        var admits = true
        let listener = try PacketListener(
            try Socket.listen(at: scratch["x.sock"], .packets), on: loop, admits: { $0.uid == geteuid() && admits }
        ) { connection, peer in
            #expect(peer.pid == getpid())
            connections.append(connection)
        }
        var texts: [String] = []
        let client = try PacketConnection(try Socket.connect(to: scratch["x.sock"], .packets), on: loop)
        client.onMessage = { message, _ in texts.append(message.type) }
        try loop.turn { connections.count == 1 }
        connections[0].send(Message("hello"))
        try loop.turn { texts == ["hello"] }

        admits = false
        let refused = try PacketConnection(try Socket.connect(to: scratch["x.sock"], .packets), on: loop)
        try loop.turn { !refused.isOpen }
        #expect(connections.count == 1)
        listener.close()
        #expect(throws: SystemError.self) { try Socket.connect(to: scratch["x.sock"], .packets) }
    }
}

/// Sends copies of a descriptor in one packet, as many as asked for.
private func sendRights(_ number: Int32, count: Int, over socket: Int32) -> Bool {
    let space = (MemoryLayout<cmsghdr>.size + count * 4 + 7) & ~7
    let control = UnsafeMutableRawPointer.allocate(byteCount: space, alignment: 8)
    defer { control.deallocate() }
    var header = cmsghdr()
    header.cmsg_len = MemoryLayout<cmsghdr>.size + count * 4
    header.cmsg_level = SOL_SOCKET
    header.cmsg_type = Int32(SCM_RIGHTS)
    control.storeBytes(of: header, as: cmsghdr.self)
    for index in 0..<count {
        control.storeBytes(of: number, toByteOffset: MemoryLayout<cmsghdr>.size + index * 4, as: Int32.self)
    }
    var bytes = Array("TYPE=x\n".utf8)
    return bytes.withUnsafeMutableBytes { buffer in
        var part = iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
        return withUnsafeMutablePointer(to: &part) { part in
            var message = msghdr()
            (message.msg_iov, message.msg_iovlen) = (part, 1)
            (message.msg_control, message.msg_controllen) = (control, space)
            return sendmsg(socket, &message, 0) == buffer.count
        }
    }
}
