service odd @(path: '/odd') {
  entity Items {
    key ID: UUID;
    code: String;
    n: Integer;
    name: String;
    note: LargeString;
    big: Int64;
    amount: Decimal(20, 4);
    grp: Integer;
    flag: Boolean;
    modifiedAt: Timestamp @cds.on.insert: $now @cds.on.update: $now;
  }
}
