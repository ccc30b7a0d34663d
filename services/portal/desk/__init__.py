"""What officers see, made of what services answer: lists, a dossier, commands. Pure."""
