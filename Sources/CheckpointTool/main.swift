print("checkpoint")
