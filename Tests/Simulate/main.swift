import Glibc
import Simulation

/// Replays the story in the file and prints it with what happens now; whether it could be read.
func tellStory(_ path: String) -> Bool {
    guard let file = fopen(path, "r") else {
        print("no story at \(path)")
        return false
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var byte = getc(file)
    while byte != EOF {
        bytes.append(UInt8(truncatingIfNeeded: byte))
        byte = getc(file)
    }
    do {
        print(try Scenario.replay(String(decoding: bytes, as: UTF8.self)), terminator: "")
        return true
    } catch {
        print(error)
        return false
    }
}

/// `bunbase-simulate --story FILE` tells a story of `SupervisionTests/Scenarios`.
/// `bunbase-simulate COUNT [--seed FIRST] [--events EVENTS] [--trace]`: runs so many seeds on two threads; ends with 1
/// at the first broken promise, which is printed with its seed.
struct Arguments {
    var count: UInt64 = 200
    var first: UInt64 = 1
    var events = 2000
    var isTraced = false

    init?(_ words: some Sequence<String>) {
        var words = Array(words)[...]
        while let word = words.popFirst() {
            switch word {
            case "--trace": isTraced = true
            case "--seed":
                guard let seed = words.popFirst().flatMap({ UInt64($0) }) else { return nil }
                first = seed
            case "--events":
                guard let events = words.popFirst().flatMap({ Int($0) }), events > 0 else { return nil }
                self.events = events
            default:
                guard let count = UInt64(word), count > 0 else { return nil }
                self.count = count
            }
        }
    }
}

if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--story" {
    exit(tellStory(CommandLine.arguments[2]) ? 0 : 1)
}

guard let arguments = Arguments(CommandLine.arguments.dropFirst()) else {
    print("usage: bunbase-simulate --story FILE | COUNT [--seed FIRST] [--events EVENTS] [--trace]")
    exit(2)
}
exit(Storms(arguments).run() ? 0 : 1)
