import FrontShell
import Glibc

exit(FrontProgram.run())
