print("This program is still empty.")
