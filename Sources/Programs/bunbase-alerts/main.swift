import AlertsShell
import Glibc

exit(AlertsProgram.run())
