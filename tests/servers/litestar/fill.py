from records import records, show

for record in records():
    show(record)
