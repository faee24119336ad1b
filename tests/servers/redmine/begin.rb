# What a new Redmine lacks: its REST API, a key of the administrator, a project, two fields of its own.
Setting.rest_api_enabled = 1
admin = User.find_by(login: "admin")
admin.update!(must_change_passwd: false)
Token.create!(user: admin, action: "api")
Token.where(user_id: admin.id, action: "api").update_all(value: ENV["REDMINE_KEY"])
User.current = admin
Redmine::DefaultData::Loader.load("en")
Project.create!(name: "Odd", identifier: "odd")
%w[code big].each do |name|
  IssueCustomField.create!(name: name, field_format: "string", is_for_all: true, is_filter: true, tracker_ids: [1])
end
